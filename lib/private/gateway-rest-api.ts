import { Duration } from 'aws-cdk-lib';
import * as apigateway from 'aws-cdk-lib/aws-apigateway';
import type { IFunction } from 'aws-cdk-lib/aws-lambda';
import * as route53 from 'aws-cdk-lib/aws-route53';
import * as targets from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import type { GatewayDomainOptions } from '../gateway';

export interface GatewayRestApiProps extends GatewayDomainOptions {
  readonly handler: IFunction;
}

/** The gateway's function behind a domain. A REST API streams; an HTTP API does not. */
export class GatewayRestApi extends Construct {
  constructor(scope: Construct, id: string, { handler, domainName, certificate, hostedZone }: GatewayRestApiProps) {
    super(scope, id);
    const api = new apigateway.RestApi(this, 'Resource', {
      description: 'Passes all to the gateway',
      endpointTypes: [apigateway.EndpointType.REGIONAL],
      disableExecuteApiEndpoint: true,
      domainName: {
        domainName,
        certificate,
        endpointType: apigateway.EndpointType.REGIONAL,
        securityPolicy: apigateway.SecurityPolicy.TLS_1_2,
      },
      binaryMediaTypes: ['*/*'],
      cloudWatchRole: false,
    });
    const integration = new apigateway.LambdaIntegration(handler, {
      responseTransferMode: apigateway.ResponseTransferMode.STREAM,
      timeout: Duration.minutes(15),
    });
    api.root.addMethod('ANY', integration);
    api.root.addProxy({ defaultIntegration: integration });
    if (hostedZone === undefined) return;
    new route53.ARecord(this, 'Record', {
      zone: hostedZone,
      recordName: domainName,
      target: route53.RecordTarget.fromAlias(new targets.ApiGateway(api)),
    });
  }
}
