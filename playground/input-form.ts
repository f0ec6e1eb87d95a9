/** The form made of an endpoint's fields. What is typed ends up in one JSON object, which the page shows beside it. */
import type { InputField } from './input-fields';

export interface InputForm {
  readonly fields: readonly InputField[];
  readonly values: Readonly<Record<string, unknown>>;
  /** Called with the whole input when a field has changed. */
  readonly onChange: (input: Record<string, unknown>) => void;
  /** Called with what is wrong with what was typed. */
  readonly onMistake: (words: string) => void;
  readonly upload: (file: File) => Promise<string>;
}

export function renderForm(place: HTMLElement, form: InputForm): void {
  const input = new Map(Object.entries(form.values));
  place.replaceChildren(
    ...form.fields.map((field) =>
      labelled(
        field,
        control(field, input.get(field.name), form, (value) => {
          if (value === undefined) input.delete(field.name);
          else input.set(field.name, value);
          form.onChange(Object.fromEntries(input));
        }),
      ),
    ),
  );
}

type Changed = (value: unknown) => void;

function labelled({ title, description, required }: InputField, content: readonly HTMLElement[]): HTMLElement {
  const label = element('label', { textContent: required ? `${title} *` : title });
  label.append(...content);
  if (description !== undefined) label.append(element('small', { textContent: description }));
  return label;
}

function control(field: InputField, value: unknown, form: InputForm, changed: Changed): readonly HTMLElement[] {
  switch (field.kind) {
    case 'boolean':
      return [checkbox(value === true, changed)];
    case 'choice':
      return [choice(field, value, changed)];
    case 'integer':
    case 'number':
      return [number(field, value, changed)];
    case 'text':
      return [text(field, value, changed)];
    case 'file': {
      const address = text(field, value, changed);
      return [address, picker(address, form, changed)];
    }
    case 'json':
      return [json(field, value, form, changed)];
  }
}

function checkbox(checked: boolean, changed: Changed): HTMLElement {
  const box = element('input', { type: 'checkbox', checked });
  box.addEventListener('change', () => {
    changed(box.checked);
  });
  return box;
}

function choice({ choices = [], required }: InputField, value: unknown, changed: Changed): HTMLElement {
  const select = element('select', {});
  if (!required) select.append(element('option', { value: '', textContent: '' }));
  choices.forEach((one, index) => {
    select.append(element('option', { value: String(index), textContent: String(one), selected: one === value }));
  });
  select.addEventListener('change', () => {
    changed(select.value === '' ? undefined : choices[Number(select.value)]);
  });
  return select;
}

function number({ kind, minimum, maximum }: InputField, value: unknown, changed: Changed): HTMLElement {
  const box = element('input', { type: 'number', step: kind === 'integer' ? '1' : 'any' });
  if (typeof value === 'number') box.valueAsNumber = value;
  if (minimum !== undefined) box.min = String(minimum);
  if (maximum !== undefined) box.max = String(maximum);
  box.addEventListener('input', () => {
    changed(Number.isNaN(box.valueAsNumber) ? undefined : box.valueAsNumber);
  });
  return box;
}

function text(
  { kind, required }: InputField,
  value: unknown,
  changed: Changed,
): HTMLInputElement | HTMLTextAreaElement {
  const box = kind === 'file' ? element('input', { type: 'url' }) : element('textarea', { rows: 2 });
  box.value = typeof value === 'string' ? value : '';
  box.addEventListener('input', () => {
    changed(box.value === '' && !required ? undefined : box.value);
  });
  return box;
}

function picker(address: { value: string }, form: InputForm, changed: Changed): HTMLElement {
  const files = element('input', { type: 'file' });
  files.addEventListener('change', () => {
    const [file] = files.files ?? [];
    if (file === undefined) return;
    form.upload(file).then(
      (url) => {
        address.value = url;
        changed(url);
      },
      (error: unknown) => {
        form.onMistake(`${file.name} was not uploaded: ${(error as Error).message}`);
      },
    );
  });
  return files;
}

function json({ title }: InputField, value: unknown, form: InputForm, changed: Changed): HTMLElement {
  const box = element('textarea', { rows: 3, spellcheck: false });
  box.value = value === undefined ? '' : JSON.stringify(value);
  box.addEventListener('change', () => {
    try {
      changed(box.value.trim() === '' ? undefined : (JSON.parse(box.value) as unknown));
    } catch (error) {
      form.onMistake(`${title} is no JSON: ${(error as Error).message}`);
    }
  });
  return box;
}

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]>,
): HTMLElementTagNameMap[Name] {
  return Object.assign(document.createElement(name), properties);
}
