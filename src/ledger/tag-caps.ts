import type { TagCap } from '../accounts/caller.ts'
import type { CallTags } from '../core/tags.ts'

/** Of an account's budgets on tags those that count this call, each with the window of the call's own value where every value has one. */
export function tagCapsOf(caps: readonly TagCap[], tags: CallTags = {}): readonly TagCap[] {
  return caps.flatMap((cap) => {
    const said = valueOf(cap, tags)
    if (said === undefined || (cap.value !== null && cap.value !== said)) return []
    return cap.value === null ? [{ ...cap, id: `${cap.id}:${said}`, name: `${cap.tag}=${said}` }] : [cap]
  })
}

/** The tag that a call must have and has not. */
export function missingTag(caps: readonly TagCap[], tags: CallTags = {}): TagCap | undefined {
  return caps.find((cap) => cap.isRequired && valueOf(cap, tags) === undefined)
}

/** A name may be any text: only what was said counts, not what every object has. */
function valueOf({ tag }: TagCap, tags: CallTags): string | undefined {
  return Object.hasOwn(tags, tag) ? tags[tag] : undefined
}
