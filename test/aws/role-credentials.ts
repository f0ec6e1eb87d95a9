/** A role is known to the recorder by the access key that signs its calls. */

export const ACCOUNT = '123456789012';
export const REGION = 'us-east-1';

/** An access key id that stands for a role. */
export function principalOf(roleArn: string): string {
  return (roleArn.split('/').at(-1) ?? 'nobody').replace(/[^A-Za-z0-9]/g, '');
}

/** Settings of a client of the SDK. */
export interface RoleClient {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

export function clientOfRole(endpoint: string, roleArn: string): RoleClient {
  return { endpoint, region: REGION, credentials: { accessKeyId: principalOf(roleArn), secretAccessKey: 'test' } };
}

/** The same as variables of a process. */
export function variablesOfRole(endpoint: string, roleArn: string): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: REGION,
    AWS_ACCESS_KEY_ID: principalOf(roleArn),
    AWS_SECRET_ACCESS_KEY: 'test',
  };
}
