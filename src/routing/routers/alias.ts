import { createHash } from 'node:crypto'
import type { Alias, Arm } from '../../catalog/alias.ts'
import type { ModelName } from '../../catalog/names.ts'
import type { Call } from '../../core/call.ts'
import { conversationId } from '../affinity.ts'
import type { RoutingView } from '../view.ts'
import type { Choice } from './router.ts'

/** Whoever keeps to one arm: the client's end user, else the conversation, else the key. */
type Stickiness = 'user' | 'conversation' | 'key'

/** An alias of the operator's: the arm of the user who calls, then the alias's fallbacks. Always the same arm for the same user. */
export function chooseArm(call: Call, { snapshot, stickyId }: RoutingView, { variants }: Pick<ModelName, 'variants'>, alias: Alias): Choice {
  const { by, id } = stickinessOf(call, stickyId)
  const ranked = rankArms(alias, id)
  // A model that is not here (a server that is away) leaves its users to their next arm; where none is here, the error names the first.
  const arm = ranked.find((candidate) => snapshot.models.has(candidate.id)) ?? ranked[0]
  if (!arm) return { strategy: 'alias', models: [], none: `The alias ${alias.name} stands for no model.` }
  const models = [arm.id, ...alias.fallbacks.filter((other) => other !== arm.id)]
  return { strategy: 'alias', models: models.map((model) => [model, ...variants].join(':')), ...(alias.arms.length > 1 && { stage: stageOf(alias, arm, by, arm !== ranked[0]) }) }
}

function stageOf(alias: Alias, arm: Arm, by: Stickiness, isStandIn: boolean): NonNullable<Choice['stage']> {
  const why = isStandIn ? `${arm.percent}%, in the place of a model that is not here` : `${arm.percent}% of users`
  return {
    type: 'router', name: 'alias', summary: `${alias.name} is ${arm.id} (${why}; by ${by})`,
    data: { alias: alias.name, model: arm.id, percent: arm.percent, by, arms: alias.arms.map(({ id, percent }) => ({ model: id, percent })) },
  }
}

function stickinessOf(call: Call, stickyId: string | undefined): { readonly by: Stickiness; readonly id: string } {
  const { user } = call.body
  if (typeof user === 'string' && user !== '') return { by: 'user', id: `u:${user}` }
  const conversation = conversationId(call)
  if (conversation !== undefined) return { by: 'conversation', id: `s:${conversation}` }
  return { by: 'key', id: `k:${stickyId ?? ''}` }
}

/**
 * The arms in the order in which they are this user's; arms of 0% are nobody's. Weighted rendezvous hashing: each arm has an
 * exponential draw of this user's, divided by its share, and the least wins. So the shares are kept, and when they change nobody
 * moves between two arms whose shares did not; no rule without memory moves fewer in the worst case (Bavarian et al.,
 * "Optimality of Correlated Sampling Strategies", 2020: at most 2d/(1+d) of the users for a change of d).
 */
export function rankArms({ name, arms }: Pick<Alias, 'name' | 'arms'>, stickyId: string): readonly Arm[] {
  const open = arms.filter(({ percent }) => percent > 0)
  if (open.length < 2) return open
  return open
    .map((arm) => ({ arm, score: -Math.log(uniform(`${name}\0${arm.id}\0${stickyId}`)) / arm.percent }))
    .sort((a, b) => a.score - b.score || (a.arm.id < b.arm.id ? -1 : 1))
    .map(({ arm }) => arm)
}

const HASH_BITS = 48

/** In (0, 1), the same for the same text. */
function uniform(text: string): number {
  return (createHash('sha256').update(text).digest().readUIntBE(0, HASH_BITS / 8) + 0.5) / 2 ** HASH_BITS
}
