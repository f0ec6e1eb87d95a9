import { Match, Template } from 'aws-cdk-lib/assertions';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import { HostedZone } from 'aws-cdk-lib/aws-route53';
import { Gateway, NetworkMode, ServerlessGpuPlatform, type ServerlessGpuPlatformProps } from '../../lib';
import { GATEWAY_CONTAINER } from '../../runtime/aws-layout';
import { newStack } from './synthesis';

const { relayPort: RELAY } = GATEWAY_CONTAINER;

function templateOf(
  kind: 'functionUrl' | 'customDomain' | 'container' | 'internalContainer',
  props: ServerlessGpuPlatformProps = {},
): Template {
  const stack = newStack();
  const domain = {
    domainName: 'gpu.example.com',
    certificate: Certificate.fromCertificateArn(
      stack,
      'Certificate',
      'arn:aws:acm:us-east-1:111111111111:certificate/1',
    ),
    hostedZone: HostedZone.fromHostedZoneAttributes(stack, 'Zone', { hostedZoneId: 'Z1', zoneName: 'example.com' }),
  };
  const gateways = {
    functionUrl: Gateway.functionUrl(),
    customDomain: Gateway.customDomain(domain),
    container: Gateway.container(domain),
    internalContainer: Gateway.container({ ...domain, internal: true }),
  };
  new ServerlessGpuPlatform(stack, 'Platform', { ...props, gateway: gateways[kind] });
  return Template.fromStack(stack);
}

test('a function URL streams and leaves the check of keys to the gateway', () => {
  templateOf('functionUrl').hasResourceProperties('AWS::Lambda::Url', {
    AuthType: 'NONE',
    InvokeMode: 'RESPONSE_STREAM',
  });
});

test('a custom domain streams through a regional REST API, and nothing else leads to the function', () => {
  const template = templateOf('customDomain');
  template.allResourcesProperties('AWS::ApiGateway::Method', {
    Integration: { ResponseTransferMode: 'STREAM', TimeoutInMillis: 900_000 },
  });
  template.hasResourceProperties('AWS::ApiGateway::RestApi', { DisableExecuteApiEndpoint: true });
  template.hasResourceProperties('AWS::Route53::RecordSet', { Name: 'gpu.example.com.' });
  template.resourceCountIs('AWS::Lambda::Url', 0);
  template.hasResourceProperties('AWS::SSM::Parameter', { Value: '{"publicUrl":"https://gpu.example.com"}' });
});

test('a container stands behind a load balancer that speaks TLS alone', () => {
  const template = templateOf('container');
  template.allResourcesProperties('AWS::ElasticLoadBalancingV2::Listener', { Port: 443, Protocol: 'HTTPS' });
  template.hasResourceProperties('AWS::ECS::Service', { LaunchType: 'FARGATE' });
  template.resourceCountIs('AWS::Lambda::Url', 0);
});

test('runners, and nobody else, reach the port for WebSockets of the containers', () => {
  const template = templateOf('container');
  const rules = Object.values(template.findResources('AWS::EC2::SecurityGroupIngress')).map(
    ({ Properties }) => Properties as Readonly<Record<string, unknown>>,
  );
  const toRelay = rules.filter(({ FromPort, ToPort }) => Number(FromPort) <= RELAY && RELAY <= Number(ToPort));
  expect(toRelay).toMatchObject([{ SourceSecurityGroupId: { 'Fn::GetAtt': [machineGroup(template), 'GroupId'] } }]);
  template.allResourcesProperties('AWS::ElasticLoadBalancingV2::TargetGroup', { Port: 8080 });
  template.hasResourceProperties('AWS::ECS::TaskDefinition', {
    ContainerDefinitions: [
      Match.objectLike({
        PortMappings: [{ ContainerPort: 8080 }, { ContainerPort: RELAY }].map((port) => Match.objectLike(port)),
      }),
    ],
  });
});

function machineGroup(template: Template): string | undefined {
  const groups = template.findResources('AWS::EC2::SecurityGroup', {
    Properties: { GroupDescription: Match.stringLikeRegexp('^Machines of runners') },
  });
  return Object.keys(groups)[0];
}

test('a container for the VPC alone needs no public subnet', () => {
  templateOf('internalContainer', { network: NetworkMode.privateWithNat() }).hasResourceProperties(
    'AWS::ElasticLoadBalancingV2::LoadBalancer',
    { Scheme: 'internal' },
  );
});

test('a public container without public subnets is refused', () => {
  expect(() => templateOf('container', { network: NetworkMode.privateWithNat() })).toThrow(
    /`gateway`: a load balancer needs public subnets in two zones.*`internal: true`/,
  );
});
