import { UserError } from '../../../runtime/domain/user-error';
import { requireNeeds } from '../../../runtime/source/fal-surroundings';
import { readFalSource, specFromSource, type FalSource } from '../../../runtime/source/fal-source';

function read(text: string, name?: string): FalSource {
  return readFalSource(text, { file: 'app.py', ...(name === undefined ? {} : { name }) });
}

/** The settings of a class with these lines in its body. */
function declared(...body: readonly string[]): FalSource['declared'] {
  return read(appOf(...body)).declared;
}

function appOf(...body: readonly string[]): string {
  return ['import fal', 'class MyApp(fal.App):', ...body.map((line) => `    ${line}`), ''].join('\n');
}

function refusal(text: string, name?: string): string {
  try {
    specFromSource(read(text, name));
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${text}`);
}

describe('which class is the app', () => {
  test.each([
    ['fal.App', 'import fal\nclass A(fal.App): pass'],
    ['from fal import App', 'from fal import App\nclass A(App): pass'],
    ['from fal import App as Base', 'from fal import App as Base\nclass A(Base): pass'],
    ['import fal as f', 'import fal as f\nclass A(f.App): pass'],
    ['import fal.app', 'import fal.app\nclass A(fal.app.App): pass'],
    ['import fal.app as apps', 'import fal.app as apps\nclass A(apps.App): pass'],
    ['a name for the class', 'import fal\nBase = fal.App\nclass A(Base): pass'],
    ['another base first', 'import fal\nclass Mixin: pass\nclass A(Mixin, fal.App): pass'],
    ['an import in a try', 'try:\n    import fal\nexcept ImportError:\n    raise\nclass A(fal.App): pass'],
    ['no import, as documents print it', 'class A(fal.App): pass'],
  ])('%s', (_case, text) => {
    expect(read(text)).toMatchObject({ kind: 'app', name: 'A', alias: 'a' });
  });

  test('a class that derives from another app of the file is an app', () => {
    const text = 'import fal\nclass A(fal.App): pass\nclass B(A): pass\n';
    expect(read(text, 'B')).toMatchObject({ name: 'B', alias: 'b', line: 3 });
  });

  test('a class called App that is not of fal is none', () => {
    expect(refusal('from flask import App\nclass A(App): pass')).toContain('app.py has no app.');
    expect(refusal('class fal: pass\nclass A(fal.App): pass')).toContain('app.py has no app.');
  });

  test('the only app is taken, functions and other classes beside it left alone', () => {
    const text = 'import fal\nclass M: pass\n@fal.function(serve=True)\ndef f(): pass\nclass A(fal.App): pass\n';
    expect(read(text).name).toBe('A');
    expect(read(text, 'f').kind).toBe('function');
  });

  test('several apps and none named: they are listed', () => {
    expect(refusal('class A(fal.App): pass\nclass B(fal.App): pass')).toBe(
      'app.py has several apps: A, B. Name one, such as app.py::A',
    );
  });

  test('a name that is not there: the nearest and all others are named', () => {
    expect(refusal('class MyApp(fal.App): pass', 'MyAp')).toBe(
      "app.py has no app MyAp; did you mean 'MyApp'? It has: MyApp",
    );
  });

  test('a class that is no app says what it derives from', () => {
    expect(refusal('from base import Base\nclass A(Base): pass', 'A')).toBe(
      'app.py:2: the class A derives from Base, not from fal.App; only classes of this file are followed',
    );
  });
});

describe('what is not Python', () => {
  test.each([
    [
      'a line break missing',
      'import falfrom x import y\n',
      'app.py:1:16: this is not valid Python, near `import falfrom x import y`',
    ],
    ['an open bracket', 'class A(fal.App:\n    pass\n', 'app.py:1:16: this is not valid Python'],
    ['a body missing', 'import fal\nclass A(fal.App):\nx = 1\n', 'app.py:3:1: this is not valid Python, near `x = 1`'],
    [
      'a method without body',
      'class A(fal.App):\n    def f(self):\n    x = 1\n',
      'app.py:2:16: this is not valid Python',
    ],
    ['Python 2', 'print "hello"\n', 'app.py:1:1: this is not valid Python'],
    ['Markdown', '# A title\n\nSome text, and more of it.\n', 'app.py:3:6: this is not valid Python'],
    ['JavaScript', 'const a = () => { return 1; };\n', 'app.py:1:7: this is not valid Python'],
    ['bytes', '\u0000\u0001PNG\n', 'app.py:1:1: this is not valid Python'],
  ])('%s is refused with its place', (_case, text, message) => {
    expect(refusal(text)).toContain(message);
  });

  test('an empty file is called empty', () => {
    for (const text of ['', ' \n\n']) {
      expect(refusal(text)).toBe('app.py is empty: it should hold a class derived from fal.App');
    }
  });

  test('a file without apps is told so', () => {
    expect(refusal('{"a": 1}')).toContain('Nothing in it derives from fal.App or is decorated with @fal.function');
  });
});

test('Python that the grammar does not know is left alone inside functions', () => {
  const body = ['with a() as (b, c):', '    yield', 'with (d() as e, f() as g):', '    x = sum(y for *_, y in z)'];
  const text = appOf('def setup(self):', ...body.map((line) => `    ${line}`), 'keep_alive = 5', 'ratio = 1.');
  expect(read(text).declared).toEqual({ keep_alive: 5 });
});

describe('the app name', () => {
  test.each([
    ['the class name in kebab case', 'class ONNXModel(fal.App): pass', 'o-n-n-x-model'],
    ['the keyword name', 'class A(fal.App, name="b"): pass', 'b'],
    ['the attribute app_name', 'class A(fal.App, name="b"):\n    app_name = "c"', 'c'],
  ])('is %s', (_case, text, alias) => {
    expect(read(text).alias).toBe(alias);
  });

  test('an app that derives from another has its own', () => {
    const text = 'class A(fal.App, name="first"): pass\nclass SecondApp(A): pass';
    expect(read(text, 'SecondApp').alias).toBe('second-app');
  });

  test('one that is no valid name is refused', () => {
    expect(refusal('class A(fal.App, name="My App"): pass')).toContain('name is "My App": it must be');
    expect(refusal('class A(fal.App, name=3): pass')).toBe('app.py:1: name is 3: it must be a string');
  });
});

describe('settings', () => {
  test('class attributes and class keywords', () => {
    const text =
      'class A(fal.App, keep_alive=300, max_concurrency=4):\n    machine_type = "GPU-T4"\n    num_gpus = 1\n';
    expect(read(text)).toMatchObject({
      declared: { keep_alive: 300, max_concurrency: 4, machine_type: 'GPU-T4', num_gpus: 1 },
      lines: { keep_alive: 1, max_concurrency: 1, machine_type: 2, num_gpus: 3 },
    });
  });

  test('several attributes in one line', () => {
    expect(declared('keep_alive = 30; num_gpus = 2')).toEqual({ keep_alive: 30, num_gpus: 2 });
  });

  test('an attribute wins over a keyword, be it inherited', () => {
    const text = 'class A(fal.App, keep_alive=1):\n    keep_alive = 2\nclass B(A, keep_alive=3): pass\n';
    expect(read(text, 'A').declared).toEqual({ keep_alive: 2 });
    expect(read(text, 'B').declared).toEqual({ keep_alive: 2 });
  });

  test('what a class inherits in the file counts, what it says itself counts more', () => {
    const text = [
      'class Base(fal.App, keep_alive=1, request_timeout=9):',
      '    requirements = ["torch"]',
      '    machine_type = "GPU-T4"',
      'class Left(Base): pass',
      'class Right(Base):',
      '    machine_type = "GPU-L4"',
      'class App(Left, Right, keep_alive=2): pass',
    ].join('\n');
    expect(read(text, 'App').declared).toEqual({
      keep_alive: 2,
      request_timeout: 9,
      requirements: ['torch'],
      machine_type: 'GPU-L4',
    });
  });

  test('the last of several assignments counts', () => {
    expect(declared('keep_alive = 1', 'keep_alive = 2')).toEqual({ keep_alive: 2 });
  });

  test('None is as good as absent', () => {
    expect(declared('max_concurrency = None', 'num_gpus = None')).toEqual({});
  });

  test('constants of the module and of the class body', () => {
    const text = `BASE = ["torch"]\n${appOf('extra = ["pillow"]', 'requirements = BASE + extra')}`;
    expect(read(text).declared).toEqual({ requirements: ['torch', 'pillow'] });
  });

  test("fal's value classes", () => {
    const text = appOf(
      'volumes = {"/data": fal.Volume("models"), "/out": fal.Volume(name="out")}',
      'retry_config = RetryConfig(server_error=3, timeout=None)',
      'skip_retry_conditions = ["timeout"]',
      'app_auth = "public"',
    );
    expect(read(`from fal.sdk import RetryConfig\n${text}`).declared).toEqual({
      volumes: { '/data': 'models', '/out': 'out' },
      retry_config: { server_error: { retries: 3 } },
      skip_retry_conditions: ['timeout'],
      auth: 'public',
    });
  });

  test('an image from a text or from a file, with its options', () => {
    const head = 'from fal.container import ContainerImage as Image\nTEXT = """\nFROM python:3.12\n"""\n';
    const image = (value: string): FalSource['image'] => read(head + appOf(`image = ${value}`)).image;
    expect(image('Image.from_dockerfile_str(TEXT, build_args={"A": "1"})')).toEqual({
      dockerfile: '\nFROM python:3.12\n',
      build_args: { A: '1' },
    });
    expect(image('Image.from_dockerfile("Dockerfile")')).toEqual({ dockerfile_path: 'Dockerfile' });
    expect(image('fal.ContainerImage(dockerfile_str=TEXT)')).toEqual({ dockerfile: '\nFROM python:3.12\n' });
    expect(() => image('"python:3.12"')).toThrow('image is "python:3.12": it must be a ContainerImage');
  });

  describe('the arguments of an image', () => {
    const imageWith = (...lines: readonly string[]): string =>
      appOf('image = fal.ContainerImage.from_dockerfile_str("FROM python:3.12",', ...lines, ')');

    test('its context and what stays out of it are read, and the names of its secrets without their values', () => {
      const lines = [
        'context_dir="..", dockerignore=["*.bin"], dockerignore_path="ignored",',
        'secrets={"TOKEN": os.environ["TOKEN"]}, build_args={"A": 1},',
      ];
      expect(read(imageWith(...lines)).image).toEqual({
        dockerfile: 'FROM python:3.12',
        context_dir: '..',
        dockerignore: ['*.bin'],
        dockerignore_path: 'ignored',
        secrets: ['TOKEN'],
        build_args: { A: 1 },
      });
    });

    test('how fal builds it is ignored, and so is what says nothing or what is done anyway', () => {
      const lines = [
        'compression=best(), force_compression=True, builder="depot",',
        'registries={}, entrypoint=None, cmd=[], use_isolate=True, context_dir=None,',
      ];
      expect(read(imageWith(...lines)).image).toEqual({ dockerfile: 'FROM python:3.12' });
    });

    test('passwords of registries are refused with where a login is named', () => {
      for (const password of ['os.environ["TOKEN"]', '"$TOKEN"']) {
        const line = `registries={"index.docker.io": {"username": "me", "password": ${password}}}`;
        const message = refusal(imageWith('build_args={},', line));
        expect(message).toContain('app.py:5: registries: no password is taken from the file of an app.');
        expect(message).toContain('run `docker login` where ImageBuild.docker() builds the image');
        expect(message).toContain('AppSource.image(ecs.ContainerImage.fromRegistry(…, { credentials }), { port })');
      }
    });

    test('another program than the app is refused with what to write instead', () => {
      for (const line of [
        'entrypoint=["python", "x.py"]',
        'entrypoint=command()',
        'cmd="serve"',
        'use_isolate=False',
      ]) {
        const message = refusal(imageWith(line));
        expect(message).toContain(`app.py:4: ${line.split('=')[0]}: the image `);
        expect(message).toContain('a server of its own is AppSource.dockerfile(directory, { port })');
      }
    });

    test.each([
      ['dockerignor=["x"]', "app.py:4: ContainerImage has no dockerignor; did you mean 'dockerignore'?"],
      ['nonsense=1', 'app.py:4: ContainerImage has no nonsense'],
    ])('one that fal does not know is refused, with the nearest: %s', (line, message) => {
      expect(refusal(imageWith(line))).toBe(message);
    });

    test.each([
      ['context_dir=3', "app.py:4: context_dir of ContainerImage must be a path from the app's file, as a string"],
      ['context_dir=Path(__file__).parent', 'context_dir of ContainerImage: `Path(__file__).parent` is known only'],
      ['dockerignore="*.bin"', 'must be a list of patterns, such as dockerignore=["*.bin"]'],
      ['build_args=["A=1"]', 'build_args of ContainerImage must be a mapping of strings'],
      ['secrets="TOKEN"', 'secrets of ContainerImage must be a mapping by the names of the secrets'],
      ['secrets={NAME: "x"}', 'secrets of ContainerImage: `NAME` is known only when the code runs'],
      ['{"A": "1"}', 'app.py:4: only the first argument of ContainerImage may be given without its name'],
    ])('one that cannot be used is refused by its name: %s', (line, message) => {
      expect(refusal(imageWith(line))).toContain(message);
    });
  });

  test('attributes that are no settings may be anything', () => {
    expect(declared('model = load()', 'health_check = 3', 'regions = REGIONS', 'keep_alive = 1')).toEqual({
      keep_alive: 1,
    });
  });

  test.each([
    [
      'an environment variable',
      'keep_alive = int(os.environ["K"])',
      'app.py:3: keep_alive: `int(os.environ["K"])` is known only when the code runs. Write it out, such as keep_alive = 60, or leave it out and set it where the app is run or deployed',
    ],
    [
      'an f-string',
      'machine_type = f"GPU-{KIND}"',
      'app.py:3: machine_type: `f"GPU-{KIND}"` is known only when the code runs. Write it out, such as machine_type = "GPU-A10G"',
    ],
    [
      'a part of a list',
      'requirements = ["torch", VERSION]',
      'app.py:3: requirements: `VERSION` is known only when the code runs',
    ],
    ['a part of a mapping', 'env = {"A": os.getenv("A")}', 'app.py:3: env: `os.getenv("A")` is known only'],
    [
      'a call that fal does not know',
      'volumes = {"/data": Volume("x")}',
      'app.py:3: volumes: `Volume("x")` is known only',
    ],
    [
      'an image made elsewhere',
      'image = build_image()',
      'such as image = ContainerImage.from_dockerfile_str("FROM python:3.12")',
    ],
    ['an addition', 'requirements += ["x"]', 'app.py:3: requirements is changed or set under a condition'],
    [
      'a call that changes it',
      'requirements.append("x")',
      'app.py:3: requirements is changed or set under a condition',
    ],
    [
      'a method of the name',
      'def secrets(self): pass',
      'app.py:3: secrets is a setting of the app and cannot be a method or a class: rename it',
    ],
  ])('%s is refused with its line and what to write', (_case, line, message) => {
    expect(refusal(appOf(line))).toContain(message);
  });

  test('a setting under a condition is refused', () => {
    expect(refusal(appOf('if BIG:', '    num_gpus = 8'))).toContain(
      'app.py:4: num_gpus is changed or set under a condition',
    );
  });

  test('a constant that is imported, or changed, is refused where it is used', () => {
    expect(refusal(`from config import KEEP\n${appOf('keep_alive = KEEP')}`)).toContain(
      'app.py:4: keep_alive: `KEEP` is imported, and no other file is read.',
    );
    expect(refusal(`KEEP = 1\nKEEP = 2\n${appOf('keep_alive = KEEP')}`)).toContain(
      '`KEEP` is changed after it was set',
    );
  });

  test('a constant that is not literal is refused at its own line', () => {
    expect(refusal(`KEEP = now()\n${appOf('keep_alive = KEEP')}`)).toContain(
      'app.py:1: keep_alive: `now()` is known only',
    );
  });

  test('a setting that is changed outside of its class is refused', () => {
    expect(refusal(`${appOf('pass')}MyApp.keep_alive = 3\n`)).toBe(
      'app.py:4: keep_alive is set outside of its class: write it in the class MyApp',
    );
  });
});

describe('class keywords', () => {
  test('what fal takes as an attribute alone is refused with what to write', () => {
    expect(refusal('class A(fal.App, machine_type="GPU-T4"): pass')).toBe(
      'app.py:1: fal takes machine_type as an attribute alone: write machine_type = "GPU-T4" in the body of the class',
    );
  });

  test('a mistyped one is refused with the nearest', () => {
    expect(refusal('class A(fal.App, keep_alve=1): pass')).toBe(
      "app.py:1: fal.App has no class keyword keep_alve; did you mean 'keep_alive'?",
    );
  });

  test('those without a use here are ignored, whatever they are', () => {
    expect(read('class A(fal.App, regions=places(), _scheduler="x"): pass').declared).toEqual({});
  });

  test('those that are not written out are refused', () => {
    expect(refusal('class A(fal.App, **options): pass')).toContain('app.py:1: settings given by `*` or `**`');
  });
});

describe('surroundings', () => {
  const keyword = (setting: string): string => `import fal\nclass A(fal.App, ${setting}): pass\n`;

  test('the Python that an app asks for is told', () => {
    expect(read(keyword('python_version="3.11"')).surroundings.pythonVersion).toBe('3.11');
    expect(read('@fal.function(serve=True, python_version="3.12")\ndef f(): pass').surroundings.pythonVersion).toBe(
      '3.12',
    );
    expect(read(keyword('keep_alive=1')).surroundings).toEqual({ needs: [] });
  });

  test.each(['"3.9"', '"3"', '3.12', '"3.12.4"'])(
    'a python_version of %s is refused with those there are',
    (version) => {
      expect(refusal(keyword(`python_version=${version}`))).toContain('it must be one of 3.10, 3.11, 3.12, 3.13');
    },
  );

  test('environments of conda are refused with what to write instead', () => {
    const mend = 'write packages of PyPI in requirements, or install conda in an image by ContainerImage';
    expect(refusal(appOf('kind = "conda"'))).toBe(`app.py:3: kind: environments of conda are not made here; ${mend}`);
    expect(refusal('@fal.function("conda", serve=True, packages=["x"])\ndef f(): pass')).toContain(mend);
    expect(read(appOf('kind = "container"')).declared).toEqual({});
  });

  test('files and modules that an app names are looked for from its folder', () => {
    const { surroundings } = read(
      appOf(
        'app_files = ["prompts.txt", "./assets/", "../shared/x.txt"]',
        'app_files_context_dir = "res"',
        'local_python_modules = ["helpers", "lib.images"]',
      ),
    );
    expect(surroundings.needs.map(({ paths }) => paths)).toEqual([
      ['res/prompts.txt'],
      ['res/assets'],
      ['shared/x.txt'],
      ['helpers.py', 'helpers'],
      ['lib/images.py', 'lib/images'],
    ]);
  });

  test('what is not there is refused by its name', () => {
    const source = read(appOf('app_files = ["a.txt", "../b.txt"]', 'local_python_modules = ["numpy", "own"]'));
    const check = (): void => {
      requireNeeds(source.surroundings, 'app.py', (path) => ['a.txt', 'own.py'].includes(path));
    };
    expect(check).toThrow(UserError);
    expect(check).toThrow("app.py:3: app_files: ../b.txt is not in the app's folder");
    expect(check).toThrow("app.py:4: local_python_modules: there is no module numpy in the app's folder");
  });

  test('a list that is none of names is refused', () => {
    expect(refusal(appOf('app_files = "a.txt"'))).toBe('app.py:3: app_files is "a.txt": it must be a list of names');
    expect(refusal(appOf('local_python_modules = [1]'))).toContain('must be a list of names');
  });
});

describe('data_mounts', () => {
  test('are the volume that all apps share, beside the volumes of the app', () => {
    expect(declared('data_mounts = ["/data"]')).toEqual({ volumes: { '/data': 'data' } });
    expect(declared('data_mounts = ["/data/.cache"]', 'volumes = {"/weights": fal.Volume("w")}')).toEqual({
      volumes: { '/data': 'data', '/weights': 'w' },
    });
    expect(declared('data_mounts = []')).toEqual({});
    expect(read('@fal.function(serve=True, data_mounts=["/data"])\ndef f(): pass').declared).toMatchObject({
      volumes: { '/data': 'data' },
    });
  });

  test.each(['["/models"]', '["/data/../etc"]', '"/data"', '[1]'])('%s is refused with what to write', (mounts) => {
    expect(refusal(appOf(`data_mounts = ${mounts}`))).toContain(
      'it must be a list of /data and folders below it; volumes = {"/path": fal.Volume("name")} mounts another volume',
    );
  });
});

describe('endpoints', () => {
  test('paths, methods and kinds', () => {
    const text = appOf(
      '@fal.endpoint("/")',
      'def root(self): return 1',
      '@fal.endpoint(path="/stream")',
      'async def stream(self):',
      '    for x in y:',
      '        yield x',
      '@fal.endpoint("/ws", is_websocket=True)',
      'async def socket(self, ws): pass',
      '@fal.realtime("/realtime")',
      'def live(self, frame): pass',
      'def helper(self): yield 1',
    );
    expect(read(text).endpoints).toEqual([
      { path: '/', name: 'root', websocket: false, streaming: false, line: 4 },
      { path: '/stream', name: 'stream', websocket: false, streaming: true, line: 6 },
      { path: '/ws', name: 'socket', websocket: true, streaming: false, line: 10 },
      { path: '/realtime', name: 'live', websocket: true, streaming: false, line: 12 },
    ]);
  });

  test('what an inner function yields does not make an endpoint stream', () => {
    const text = appOf(
      '@fal.endpoint("/")',
      'def root(self):',
      '    def inner():',
      '        yield 1',
      '    return list(inner())',
    );
    expect(read(text).endpoints[0]).toMatchObject({ streaming: false });
  });

  test('a bare yield streams too', () => {
    expect(read(appOf('@fal.endpoint("/")', 'def root(self):', '    yield')).endpoints[0]).toMatchObject({
      streaming: true,
    });
  });

  test('imported decorators and decorators beside them', () => {
    const text =
      'from fal import App, endpoint as route\nclass A(App):\n    @log\n    @route("/x")\n    @cache(1)\n    def x(self): pass\n';
    expect(read(text).endpoints.map((endpoint) => endpoint.path)).toEqual(['/x']);
  });

  test('inherited ones, unless the class has another method of the name', () => {
    const text = [
      'class Base(fal.App):',
      '    @fal.endpoint("/a")',
      '    def a(self): pass',
      '    @fal.endpoint("/b")',
      '    def b(self): pass',
      'class App(Base):',
      '    @fal.endpoint("/c")',
      '    def b(self): pass',
    ].join('\n');
    expect(read(text, 'App').endpoints.map((endpoint) => endpoint.path)).toEqual(['/a', '/c']);
  });

  test.each([
    ['no path', '@fal.endpoint()', 'app.py:3: this fal.endpoint has no path'],
    ['a relative path', '@fal.endpoint("x")', 'this fal.endpoint has the path "x": give it one that starts with \'/\''],
    [
      'a computed path',
      '@fal.endpoint(PATH)',
      'app.py:3: path: `PATH` is known only when the code runs. Write it out, such as path = "/predict"',
    ],
  ])('%s is refused', (_case, decorator, message) => {
    expect(refusal(appOf(decorator, 'def x(self): pass'))).toContain(message);
  });

  test('two endpoints of one path are refused', () => {
    const text = appOf('@fal.endpoint("/x")', 'def a(self): pass', '@fal.endpoint("/x")', 'def b(self): pass');
    expect(refusal(text)).toBe('app.py:6: b and a both have the path /x: an app can have it once');
  });

  test('a health check becomes part of the spec, with the path of its endpoint', () => {
    const text = appOf(
      '@fal.endpoint("/ok", health_check=fal.HealthCheck(timeout_seconds=9, method="get"))',
      'def ok(self): pass',
    );
    expect(specFromSource(read(text)).health_check).toEqual({
      path: '/ok',
      method: 'GET',
      timeout_seconds: 9,
      start_period_seconds: 30,
      failure_threshold: 3,
      call_regularly: true,
    });
  });

  test('two health checks are refused', () => {
    const check = '@fal.endpoint("/PATH", health_check=fal.HealthCheck())';
    const text = appOf(
      check.replace('PATH', 'a'),
      'def a(self): pass',
      check.replace('PATH', 'b'),
      'def b(self): pass',
    );
    expect(refusal(text)).toBe('app.py:6: b and a both have a health check: an app can have it once');
  });
});

describe('functions', () => {
  test('a function with an exposed port, under its own name, with the defaults of functions', () => {
    const source = read(
      'import fal\n@fal.function(requirements=["flask"], exposed_port=8000)\ndef run_server(): pass\n',
    );
    expect(source).toMatchObject({ kind: 'function', name: 'run_server', alias: 'run_server', line: 3, endpoints: [] });
    expect(specFromSource(source)).toMatchObject({
      name: 'run_server',
      exposed_port: 8000,
      machine_type: ['XS'],
      keep_alive: 10,
      requirements: [['flask']],
    });
  });

  test('a function that fal serves answers at the root', () => {
    const source = read(
      'from fal import function\n@function("virtualenv", serve=True, keep_alive=5)\ndef f(x): yield x\n',
    );
    expect(source.endpoints).toEqual([{ path: '/', name: 'f', websocket: false, streaming: true, line: 3 }]);
    expect(source.declared).toEqual({ keep_alive: 5 });
  });

  test('a health check by its own configuration', () => {
    const check = 'ApplicationHealthCheckConfig(path="/up", method="GET")';
    const text = `from fal.sdk import ApplicationHealthCheckConfig\n@fal.function(exposed_port=80, health_check_config=${check})\ndef f(): pass\n`;
    expect(specFromSource(read(text)).health_check).toMatchObject({ path: '/up', method: 'GET' });
  });

  test('one that answers no requests is refused', () => {
    expect(refusal('@fal.function(keep_alive=1)\ndef f(): pass')).toContain(
      'app.py:1: f answers no requests: add exposed_port=',
    );
  });

  test('an unknown keyword is refused with the nearest', () => {
    expect(refusal('@fal.function(serve=True, machine_typ="S")\ndef f(): pass')).toBe(
      "app.py:1: fal.function has no machine_typ; did you mean 'machine_type'?",
    );
  });
});

describe('the spec', () => {
  test('what is given from outside wins over the file, which wins over the defaults', () => {
    const source = read(appOf('keep_alive = 300', 'max_concurrency = 4'));
    expect(specFromSource(source, { keep_alive: 9, min_concurrency: undefined, name: 'other' })).toMatchObject({
      name: 'other',
      keep_alive: 9,
      max_concurrency: 4,
      min_concurrency: 0,
    });
  });

  test('an app is private unless it says otherwise', () => {
    expect(specFromSource(read(appOf('pass'))).auth).toBe('private');
    expect(specFromSource(read(appOf('app_auth = "shared"'))).auth).toBe('shared');
  });

  test('a value that the spec refuses is named with its line', () => {
    expect(refusal(appOf('machine_type = "GPU-A10"'))).toContain(
      "app.py:3: machine_type 'GPU-A10' is unknown; did you mean",
    );
    expect(refusal(appOf('min_concurrency = 5', 'max_concurrency = 2'))).toBe(
      'app.py:3: min_concurrency 5 is above max_concurrency 2: lower it to 2, or raise max_concurrency',
    );
  });

  test('a value from outside is refused without a line', () => {
    expect(() => specFromSource(read(appOf('keep_alive = 300')), { keep_alive: -1 })).toThrow(/^keep_alive is -1/);
  });
});
