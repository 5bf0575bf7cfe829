import { fileReader } from '../catalog/file-reader.ts'
import type { Call } from '../core/call.ts'
import type { Step } from './plan.ts'

/**
 * Steps in the order to try, for a call with PDFs: of the endpoints of a model, those come first whose model reads PDFs
 * itself (contract B54), and those behind that are told what this server reads in them. An order that the client gave stays.
 */
export function fileOrder(steps: readonly Step[], { needs, preferences }: Pick<Call, 'needs' | 'preferences'>): readonly Step[] {
  if (!needs.pdfs) return steps
  const said = steps.map((step) => (fileReader(needs, step.endpoint) === 'server' ? { ...step, reason: `${step.reason}; its PDFs are read here` } : step))
  if (preferences.order?.length) return said
  if (new Set(said.map(({ endpoint }) => fileReader(needs, endpoint) === 'model')).size === 1) return said
  // Who is first is no matter of the draw alone then: its shares are nobody's probabilities.
  const pools = Map.groupBy(said, ({ requested }) => (preferences.partition === 'none' ? '' : requested))
  return [...pools.values()].flatMap((pool) => [...pool.filter(({ endpoint }) => fileReader(needs, endpoint) === 'model'), ...pool.filter(({ endpoint }) => fileReader(needs, endpoint) !== 'model')]).map(({ share: _share, ...step }) => step)
}
