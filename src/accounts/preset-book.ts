import { Remembered } from '../lib/remembered.ts'
import type { Preset, PresetStore } from './presets.ts'

const PRESETS_MAX = 2_000

/** The presets that calls name, looked up once until they change. */
export class PresetBook {
  private readonly bySlug: Remembered<{ readonly preset: Preset | undefined }>
  /** Slugs looked up, by account: what is forgotten when an account's presets change. */
  private readonly asked = new Map<string, Set<string>>()

  constructor(readonly store: PresetStore) {
    this.bySlug = new Remembered(async (key) => {
      const [accountId = '', slug = ''] = key.split(' ')
      return { preset: await store.preset(accountId, slug) }
    }, PRESETS_MAX)
  }

  async find(accountId: string, slug: string): Promise<Preset | undefined> {
    let slugs = this.asked.get(accountId)
    if (!slugs || slugs.size > PRESETS_MAX) this.asked.set(accountId, slugs = new Set())
    slugs.add(slug)
    return (await this.bySlug.find(`${accountId} ${slug}`)).preset
  }

  /** Told by the store whose presets may have changed, here or in another process. */
  noteChanges(accountIds: readonly string[]): void {
    for (const accountId of accountIds) {
      for (const slug of this.asked.get(accountId) ?? []) this.bySlug.forget(`${accountId} ${slug}`)
      this.asked.delete(accountId)
    }
  }
}
