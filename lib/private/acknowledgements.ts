import { Stack, Validations } from 'aws-cdk-lib';
import type { IConstruct } from 'constructs';

/**
 * Says why a rule of cdk-nag's AwsSolutions doesn't hold for a construct. Whoever doesn't run cdk-nag notices nothing of it.
 *
 * @param rule its name without the pack's: `VPC7`
 */
export function acknowledge(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `AwsSolutions-${rule}`, reason });
}

/** Says why a finding of the CDK's own validation of templates is none. */
export function acknowledgeValidation(construct: IConstruct, rule: string, reason: string): void {
  Validations.of(construct).acknowledge({ id: `CloudFormation-Validate::${rule}`, reason });
}

/** Says why roles below a construct are granted something on a resource that has a wildcard. */
export function acknowledgeWildcard(construct: IConstruct, arn: string, reason: string): void {
  acknowledge(construct, `IAM5[Resource::${flat(Stack.of(construct).resolve(arn))}]`, reason);
}

/** As cdk-nag writes references. */
function flat(value: unknown): string {
  if (typeof value === 'string') return value;
  const { Ref: ref, ...call } = value as { readonly Ref?: string } & Readonly<Record<string, unknown>>;
  if (ref !== undefined) return `<${ref}>`;
  const parts = call['Fn::Join'] as readonly [string, readonly unknown[]] | undefined;
  if (parts !== undefined) return parts[1].map(flat).join(parts[0]);
  const attribute = call['Fn::GetAtt'] as readonly [string, string] | undefined;
  return attribute === undefined ? JSON.stringify(value) : `<${attribute.join('.')}>`;
}
