import { fileReader } from '../catalog/file-reader.ts'
import type { Call } from '../core/call.ts'
import type { Event } from '../core/event.ts'
import type { Fault } from '../core/fault.ts'
import type { Plan } from '../routing/plan.ts'
import { route } from '../routing/route.ts'
import type { RoutingView } from '../routing/view.ts'
import type { Gateway } from './gateway.ts'

interface Planned { readonly call: Call; readonly plan: Plan }

/**
 * The call with its Plan. PDFs that no endpoint of the Plan reads are read here, before anything is held for it: their words are
 * part of the prompt, and the Plan is made for what they come to. Where a model is to read them, they are read only if it fails.
 */
export function planned(asked: Call, view: RoutingView, { files }: Pick<Gateway, 'files'>, client: AbortSignal): Planned | Promise<Planned> {
  const plan = route(asked, view)
  if (!files || !asked.needs.pdfs || plan.steps.some(({ endpoint }) => fileReader(asked.needs, endpoint) === 'model')) return { call: asked, plan }
  return planRead(asked, plan, view, files, client)
}

async function planRead(asked: Call, plan: Plan, view: RoutingView, files: NonNullable<Gateway['files']>, client: AbortSignal): Promise<Planned> {
  const { call, wordless } = await files.measured(asked, client)
  const isSeen = plan.steps.some(({ endpoint: { inputs } }) => inputs === null || inputs.has('image'))
  if (wordless && !isSeen) throw wordless
  return { call, plan: route(call, view) }
}

/** Of the dialects of clients only chat has words for what was read, there and back. */
function takesBack({ needs, dialect }: Call): boolean {
  return needs.pdfs !== undefined && dialect === 'openai-chat'
}

/** Batches of an answer, with what was read for it as soon as it is known who answers (contract B56). */
export function annotator(call: Call, { files }: Pick<Gateway, 'files'>): (events: Event[]) => Event[] {
  let isSaid = !files || !takesBack(call)
  return (events) => {
    if (isSaid) return events
    isSaid = true
    const annotations = (files?.annotations(call) ?? []).map((annotation): Event => ({ type: 'annotation', choice: 0, annotation }))
    return events.toSpliced(events.findIndex(({ type }) => type === 'served') + 1, 0, ...annotations)
  }
}

/** The fault with what was read for the call, so that it need not be read again (contract M33). */
export function withFiles(fault: Fault, call: Call, { files }: Pick<Gateway, 'files'>): Fault {
  const annotations = takesBack(call) ? (files?.annotations(call) ?? []) : []
  return annotations.length === 0 ? fault : fault.with({ metadata: { file_annotations: annotations } })
}
