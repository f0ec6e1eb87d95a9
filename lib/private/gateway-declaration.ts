import type { GatewayContainerOptions, GatewayDomainOptions } from '../gateway';

export type GatewayDeclaration =
  | { readonly kind: 'function-url' }
  | ({ readonly kind: 'domain' } & GatewayDomainOptions)
  | ({ readonly kind: 'container' } & GatewayContainerOptions);
