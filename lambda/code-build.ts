/** Builds of images in CodeBuild, their logs in CloudWatch. */
import { GetLogEventsCommand, type CloudWatchLogsClient } from '@aws-sdk/client-cloudwatch-logs';
import {
  BatchGetBuildsCommand,
  StartBuildCommand,
  type Build as CodeBuildBuild,
  type CodeBuildClient,
} from '@aws-sdk/client-codebuild';
import type { Build, Builds } from './images';

export interface CodeBuildBuildsOptions {
  readonly codeBuild: CodeBuildClient;
  readonly logs: CloudWatchLogsClient;
}

export class CodeBuildBuilds implements Builds {
  constructor(private readonly options: CodeBuildBuildsOptions) {}

  async start(project: string): Promise<string> {
    const { build } = await this.options.codeBuild.send(new StartBuildCommand({ projectName: project }));
    if (build?.id === undefined) throw new Error(`CodeBuild started no build of ${project}`);
    return build.id;
  }

  async get(id: string): Promise<Build> {
    const { buildStatus, phases = [], logs } = await this.describe(id);
    const phase = phases.find(({ phaseStatus }) => phaseStatus !== undefined && phaseStatus !== 'SUCCEEDED')?.phaseType;
    return {
      status: buildStatus === 'IN_PROGRESS' ? 'running' : buildStatus === 'SUCCEEDED' ? 'succeeded' : 'failed',
      ...(phase === undefined ? {} : { phase }),
      ...(logs?.deepLink === undefined ? {} : { logUrl: logs.deepLink }),
    };
  }

  async lastLines(id: string, most: number): Promise<readonly string[]> {
    const { groupName, streamName } = (await this.describe(id)).logs ?? {};
    if (groupName === undefined || streamName === undefined) return [];
    const { events = [] } = await this.options.logs.send(
      new GetLogEventsCommand({
        logGroupName: groupName,
        logStreamName: streamName,
        limit: most,
        startFromHead: false,
      }),
    );
    return events.flatMap(({ message }) => message?.trimEnd() ?? []);
  }

  private async describe(id: string): Promise<CodeBuildBuild> {
    const { builds = [] } = await this.options.codeBuild.send(new BatchGetBuildsCommand({ ids: [id] }));
    if (builds[0] === undefined) throw new Error(`CodeBuild knows no build ${id}`);
    return builds[0];
  }
}
