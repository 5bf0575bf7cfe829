/** What became of secrets that were to be sealed anew. */
export interface Resealed { readonly resealed: number; readonly unreadable: number }

/** Something that is sealed under another master key than the newest. */
export interface SealedOther { readonly sealed: string | null }

export interface Resealing<T extends SealedOther> {
  /** The first so many of them, in an order that stays. */
  readonly list: (limit: number) => Promise<readonly T[]>
  /** undefined: no key here opens it. */
  readonly open: (row: T) => string | undefined
  readonly seal: (text: string, row: T) => string | Promise<string>
  /** False where it was changed meanwhile. */
  readonly keep: (row: T, sealed: string) => Promise<boolean>
}

const BATCH = 100

/** Seals all of a kind anew, a batch at a time. Those that no key here opens are left as they are, and counted. */
export async function resealAll<T extends SealedOther>({ list, open, seal, keep }: Resealing<T>): Promise<Resealed> {
  let resealed = 0
  let unreadable = 0
  for (;;) {
    // What nobody here can open stays in the list, before what is still to come.
    const limit = BATCH + unreadable
    const before = resealed
    const rows = await list(limit)
    unreadable = 0
    for (const row of rows) {
      const text = row.sealed === null ? undefined : open(row)
      if (text === undefined) unreadable += 1
      else if (await keep(row, await seal(text, row))) resealed += 1
    }
    // Once more where there was one: others may have come meanwhile.
    if (rows.length < limit && resealed === before) return { resealed, unreadable }
  }
}
