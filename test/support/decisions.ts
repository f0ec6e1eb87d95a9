/** A scaling decision with its words, as the controller records it. */
import type { AppSpec } from '../../runtime/domain/app-spec';
import { decide, type Observation, type ScalingDecision } from '../../runtime/domain/scaling';
import { explain, type ScalingExplanation } from '../../runtime/domain/scaling-reason';

export type ExplainedDecision = ScalingDecision & ScalingExplanation;

export function explainedDecision(observation: Observation, spec: AppSpec, now: number): ExplainedDecision {
  const decision = decide(observation, spec, now);
  return { ...decision, ...explain(observation, spec, decision, now) };
}
