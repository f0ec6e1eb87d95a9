/**
 * The Dockerfile of a fal app. What changes seldom comes first: system, Python, fal's closure in a folder of its own,
 * the app's requirements list by list, the program that serves the app, the app. It needs BuildKit, and nothing newer
 * than what Docker 20.10 brings.
 */

/** The app's files, in the context and in the image (there below `/`). */
export const APP_FOLDER = 'app';

/** Our own files in the context. */
export const OWN_FOLDER = '.sgpu-image';

/** The port that a fal.App listens on in its container, unless the task definition sets `PORT`. */
export const DEFAULT_PORT = 8080;

/** One list of the app's requirements. */
export interface RequirementsLayer {
  /** Name of its file in our folder of the context. */
  readonly file: string;
  readonly text: string;
  /** Names of the secrets it needs. */
  readonly secrets: readonly string[];
  /** It names files of the app. */
  readonly needsApp: boolean;
}

export interface FalDockerfile {
  /** The class or function to serve. */
  readonly name: string;
  readonly entry: string;
  readonly layers: readonly RequirementsLayer[];
  /** The port the app's own server listens on, where it brings one. */
  readonly port: number | undefined;
  readonly uvImage: string;
  readonly base:
    | { readonly image: string; readonly pythonVersion: string }
    /** Text of the app's own Dockerfile, whose last stage is built upon. */
    | { readonly dockerfile: string };
}

export function falDockerfile(description: FalDockerfile): string {
  const { base, uvImage } = description;
  const start =
    'dockerfile' in base
      ? [base.dockerfile.trimEnd(), '', 'USER root', uv(uvImage), PYTHON_OF_THE_IMAGE]
      : [
          `ARG BASE_IMAGE=${base.image}`,
          'FROM ${BASE_IMAGE}',
          SYSTEM,
          uv(uvImage),
          ownPython(base.pythonVersion),
          USER,
        ];
  return `${[...start, ...installed(description), ...served(description)].join('\n')}\n`;
}

/** Installs what is missing: compilers for Triton and for packages without a wheel, libraries that OpenCV needs. */
const SYSTEM = `ARG SYSTEM_PACKAGES="ca-certificates git g++ libgl1 libglib2.0-0"
RUN dpkg -s $SYSTEM_PACKAGES >/dev/null 2>&1 || { apt-get update \\
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $SYSTEM_PACKAGES \\
    && rm -rf /var/lib/apt/lists/*; }`;

/** Modules are compiled here: the app's user can't write beside them, and every start would compile them again. */
function uv(image: string): string {
  return `COPY --from=${image} /uv /opt/sgpu/bin/uv
ENV UV_CACHE_DIR=/var/cache/uv UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PYTHON_INSTALL_DIR=/opt/sgpu/python`;
}

/** uv takes the Python of the image where it has that version, else one of its own. */
function ownPython(version: string): string {
  return `ARG PYTHON_VERSION=${version}
RUN ${MOUNTS} \\
    sh /tmp/with-secrets.sh /opt/sgpu/bin/uv venv --python "$PYTHON_VERSION" /opt/venv
ENV VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH SGPU_PYTHON=/opt/venv/bin/python`;
}

const USER = `RUN useradd --create-home --uid 1000 app
ENV HOME=/home/app`;

/** An image of the app's own has its Python. It may be the system's, which package installers leave alone unless told. */
const PYTHON_OF_THE_IMAGE = `RUN mkdir -p /opt/sgpu/bin && ln -s "$(command -v python3 || command -v python || { \\
      echo "The image has no Python: a fal app needs Python 3.10 or later" >&2; exit 1; })" /opt/sgpu/bin/python
ENV UV_BREAK_SYSTEM_PACKAGES=1 SGPU_PYTHON=/opt/sgpu/bin/python`;

const MOUNTS = [
  `--mount=type=bind,source=${OWN_FOLDER}/with-secrets.sh,target=/tmp/with-secrets.sh`,
  '--mount=type=cache,target=/var/cache/uv',
  '--mount=type=secret,id=uv.toml',
  '--mount=type=secret,id=ca.crt',
].join(' \\\n    ');

function installed({ layers, base }: FalDockerfile): readonly string[] {
  const closure = install('fal-requirements.txt', '--target /opt/sgpu/closure', []);
  const source = 'dockerfile' in base ? '.' : APP_FOLDER;
  return [
    closure,
    ...layers.map(({ file, secrets, needsApp }) =>
      install(file, '', [
        ...secrets.map((name) => `--mount=type=secret,id=${name}`),
        ...(needsApp ? [`--mount=type=bind,source=${source},target=/${APP_FOLDER},rw`] : []),
      ]),
    ),
  ];
}

function install(file: string, options: string, mounts: readonly string[]): string {
  const requirements = `--mount=type=bind,source=${OWN_FOLDER}/${file},target=/tmp/requirements.txt`;
  const command = ['uv pip install --python "$SGPU_PYTHON"', options, '-r /tmp/requirements.txt'].filter(Boolean);
  return `RUN ${[MOUNTS, requirements, ...mounts].join(' \\\n    ')} \\
    sh /tmp/with-secrets.sh /opt/sgpu/bin/${command.join(' ')}`;
}

function served({ name, entry, port, base }: FalDockerfile): readonly string[] {
  const program = [
    '/opt/sgpu/runner/serve.py',
    '--file',
    `/${APP_FOLDER}/${entry}`,
    '--name',
    name,
    '--host',
    '0.0.0.0',
  ];
  const interpreter = 'dockerfile' in base ? '/opt/sgpu/bin/python' : '/opt/venv/bin/python';
  return [
    // Everybody may write: the app may run as any user, and the agent beside it puts its socket into /run/sgpu.
    'RUN mkdir -p /data /run/sgpu && chmod 1777 /data /run/sgpu',
    `ENV ${variables(port).join(' ')}`,
    `COPY ${OWN_FOLDER}/runner /opt/sgpu/runner`,
    ...('dockerfile' in base
      ? [`COPY . /${APP_FOLDER}`, `USER ${lastUser(base.dockerfile)}`]
      : [`COPY --chown=1000:1000 ${APP_FOLDER} /${APP_FOLDER}`, 'USER app']),
    `WORKDIR /${APP_FOLDER}`,
    `EXPOSE ${port ?? DEFAULT_PORT}`,
    `ENTRYPOINT ${JSON.stringify([interpreter, ...program])}`,
    'CMD []',
  ];
}

/** Caches lie on the volume at `/data`, so that the next machine has them too. */
function variables(port: number | undefined): readonly string[] {
  return [
    `PORT=${port ?? DEFAULT_PORT}`,
    'SGPU_FAL_CLOSURE=/opt/sgpu/closure',
    // SHARED_FOLDER and OUTPUT_SOCKET of runtime/aws-layout.ts.
    'SGPU_AGENT_SOCKET=/run/sgpu/output.sock',
    'PYTHONUNBUFFERED=1',
    'NVIDIA_DRIVER_CAPABILITIES=compute,utility,video',
    'HF_HOME=/data/.cache/huggingface',
    'TORCH_HOME=/data/.cache/torch',
    'TORCHINDUCTOR_CACHE_DIR=/data/.cache/torchinductor',
    'TRITON_CACHE_DIR=/data/.cache/triton',
  ];
}

/** The user that the last stage of a Dockerfile ends with. */
function lastUser(dockerfile: string): string {
  const lines = dockerfile.split(/\r?\n/).map((line) => line.trim());
  const stage = lines.slice(lines.findLastIndex((line) => /^from\s/i.test(line)) + 1);
  const user = stage.findLast((line) => /^user\s/i.test(line));
  return user === undefined ? 'root' : user.replace(/^user\s+/i, '');
}
