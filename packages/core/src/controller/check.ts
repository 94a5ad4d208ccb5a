// Patroni's health checks, answered for any member from what this router knows: finds the member, has it judged (checks/), and puts the answer into
// Patroni's words. Pure.
import { type Asked, type Finding, factsAgeMs, no } from '../checks/asked.ts';
import { patroniBody } from '../checks/body.ts';
import { judge } from '../checks/judge.ts';
import { kindOf } from '../checks/kind.ts';
import { parameterOf } from '../checks/parameters.ts';
import { runs, standby } from '../checks/standby.ts';
import { mayWrite } from '../checks/writer.ts';
import type { Millis } from '../model/units.ts';
import { memberOf } from '../model/view.ts';
import type { CheckAnswer, CheckQuestion } from './api.ts';
import type { KnownCluster } from './known-cluster.ts';

/** Undefined: there is no such member (in the cluster that `?cluster=` names), or several clusters have one and the answers differ. */
export function checkOf(
  question: CheckQuestion,
  clusters: readonly KnownCluster[],
  now: Millis,
  maxAgeMs: number,
): CheckAnswer | undefined {
  const wanted = parameterOf(question.query, 'cluster');
  const [answer, ...others] = clusters.flatMap(({ spec, view }) => {
    if (wanted !== undefined && spec.name !== wanted) return [];
    const member = memberOf(view, question.member);
    return member === undefined ? [] : [answerFor({ spec, view, member, now, maxAgeMs }, question)];
  });
  if (answer === undefined || others.some(({ status }) => status !== answer.status)) return undefined;
  const agreed = others.every(({ standing }) => standing === answer.standing);
  return agreed ? answer : { ...answer, standing: 'neither', reason: ambiguous };
}

const ambiguous = 'members of several clusters have this name, and are not the same; ?cluster= tells which is meant';

function answerFor(asked: Asked, { kind: path, query }: CheckQuestion): CheckAnswer {
  const { spec, view, maxAgeMs } = asked;
  const age = factsAgeMs(asked);
  const isYoung = age !== undefined && age <= maxAgeMs;
  const finding = isYoung ? foundFor(asked, path, query) : no(unknownBecause(asked, age));
  const body = patroniBody(asked);
  return {
    status: finding.ok ? 200 : 503,
    standing: isYoung ? standingOf(asked) : 'neither',
    reason: finding.why,
    body: {
      ...body,
      pgrouted: {
        cluster: spec.name,
        source: view.source,
        reason: finding.why,
        age_ms: age === undefined ? null : Math.round(age),
      },
    },
  };
}

function foundFor(asked: Asked, path: string, query: CheckQuestion['query']): Finding {
  const kind = kindOf(path);
  return kind === undefined ? no('Patroni knows no such check') : judge(asked, kind, query);
}

/** It has never answered, or too long ago. */
const unknownBecause = (asked: Asked, age: number | undefined): string =>
  age === undefined
    ? runs(asked).why
    : `what is known of it is ${Math.round(age)} ms old; http.max_age is ${asked.maxAgeMs} ms`;

function standingOf(asked: Asked): CheckAnswer['standing'] {
  if (mayWrite(asked).ok) return 'primary';
  return standby(asked).ok ? 'standby' : 'neither';
}
