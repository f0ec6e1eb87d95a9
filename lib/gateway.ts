import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import type { IHostedZone } from 'aws-cdk-lib/aws-route53';
import type { GatewayDeclaration } from './private/gateway-declaration';

/** A domain of one's own. */
export interface GatewayDomainOptions {
  /** The name that callers use, such as `gpu.example.com`. */
  readonly domainName: string;

  /** A certificate for it, in the region of the platform. */
  readonly certificate: ICertificate;

  /**
   * The hosted zone in which a record for the domain is made.
   *
   * @default - none: you make the record yourself
   */
  readonly hostedZone?: IHostedZone;
}

/** The gateway as a container. */
export interface GatewayContainerOptions extends GatewayDomainOptions {
  /**
   * Whether only the VPC can reach it.
   *
   * @default false
   */
  readonly internal?: boolean;

  /**
   * Containers. One of them answers a few hundred callers at a time.
   *
   * @default 1
   */
  readonly desiredCount?: number;
}

/** Where callers reach the platform. */
export class Gateway {
  /**
   * A Lambda function URL that streams its answers. Without a domain, and without cost while nobody calls.
   *
   * Everybody may reach the URL; the gateway checks the API key of each call. An upload goes to S3 directly, because a
   * body has 6 MB at most. A call that waits for its result is answered within 14 minutes, or not at all: use the
   * queue for longer ones.
   */
  public static functionUrl(): Gateway {
    return new Gateway({ kind: 'function-url' });
  }

  /**
   * The same function behind a regional REST API with a domain. Streams, too; $3.50 a million calls, and nothing while
   * nobody calls.
   */
  public static customDomain(options: GatewayDomainOptions): Gateway {
    return new Gateway({ kind: 'domain', ...options });
  }

  /**
   * Fargate containers behind a load balancer: for WebSockets (`@fal.realtime`), much polling, and calls of over 14 minutes.
   * About $26 a month with one container, called or not. The load balancer alone takes connections from outside, and needs
   * public subnets in two zones unless it is internal.
   *
   * A WebSocket takes a slot of a runner and lasts `request_timeout` at most. When a container is replaced, its WebSockets
   * are closed with 1012 (Service Restart) after two minutes: callers connect again.
   */
  public static container(options: GatewayContainerOptions): Gateway {
    return new Gateway({ kind: 'container', ...options });
  }

  private constructor(
    /** @internal */
    public readonly _declaration: GatewayDeclaration,
  ) {}
}
