/** The variables that the template gives to functions and containers: see `VARIABLE` of the layout. */

/** Throws when the template did not set it. */
export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '') throw new Error(`The environment variable ${name} is not set`);
  return value;
}
