/** Evaluates recorded calls against the policies of a template's roles. */
import { runSimulation } from '@cloud-copilot/iam-simulate';
import type { RecordedCall } from './recorded-call';
import { principalOf } from './role-credentials';

/** A role as the template makes it, its policies resolved. */
export interface Role {
  readonly arn: string;
  readonly policies: readonly { readonly name: string; readonly policy: unknown }[];
}

export interface Verdict {
  readonly call: RecordedCall;
  readonly resource: string;
  readonly allowed: boolean;
  /** Why the simulation itself could not be run, in words. */
  readonly problem?: string;
}

/**
 * Each kind of recorded call against the policies of the role that made it; calls that differ in their time alone are judged
 * once. Calls of others (tests, CloudFormation) are left out.
 */
export async function verdictsOf(
  calls: readonly RecordedCall[],
  roles: readonly Role[],
  account: string,
): Promise<readonly Verdict[]> {
  const byPrincipal = new Map(roles.map((role) => [principalOf(role.arn), role]));
  const judged = distinct(calls).map(async (call) => {
    const role = byPrincipal.get(call.principal);
    return role === undefined ? [] : judge(call, role, account);
  });
  return (await Promise.all(judged)).flat();
}

/** Calls that ask for the same thing, once. */
export function distinct(calls: readonly RecordedCall[]): readonly RecordedCall[] {
  const byRequest = calls.map(
    (call) => [JSON.stringify([call.principal, call.action, call.resources, call.context]), call] as const,
  );
  return [...new Map(byRequest).values()];
}

/** One verdict for each resource of a call. */
export async function judge(call: RecordedCall, role: Role, account: string): Promise<readonly Verdict[]> {
  return Promise.all(
    call.resources.map(async (resource) => {
      const outcome = await runSimulation(
        {
          request: {
            principal: role.arn,
            action: call.action,
            resource: { resource, accountId: account },
            contextVariables: Object.fromEntries(
              Object.entries({ 'aws:SecureTransport': 'true', 'aws:PrincipalAccount': account, ...call.context }).map(
                ([key, value]) => [key, typeof value === 'string' ? value : [...value]],
              ),
            ),
          },
          identityPolicies: role.policies.map(({ name, policy }) => ({ name, policy })),
          serviceControlPolicies: [ALLOW_ALL],
          resourceControlPolicies: [],
        },
        {},
      );
      if (outcome.resultType === 'error') {
        return { call, resource, allowed: false, problem: JSON.stringify(outcome.errors) };
      }
      return { call, resource, allowed: outcome.overallResult === 'Allowed' };
    }),
  );
}

/** Denied calls in words, each once. */
export function denials(verdicts: readonly Verdict[], roleName: (principal: string) => string): readonly string[] {
  const lines = verdicts
    .filter(({ allowed }) => !allowed)
    .map(({ call, resource, problem }) => {
      const context = Object.keys(call.context).length === 0 ? '' : ` with ${JSON.stringify(call.context)}`;
      return `${roleName(call.principal)} may not ${call.action} on ${resource}${context}${problem === undefined ? '' : `: ${problem}`}`;
    });
  return [...new Set(lines)];
}

/** An account without organization policies. */
const ALLOW_ALL = {
  orgIdentifier: 'root',
  policies: [
    {
      name: 'FullAWSAccess',
      policy: { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] },
    },
  ],
};
