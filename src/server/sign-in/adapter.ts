import { createAdapterFactory, type CustomAdapter, type DBAdapter, type DBTransactionAdapter } from 'better-auth/adapters'
import type { BetterAuthOptions } from 'better-auth'
import { APIError } from 'better-auth/api'
import { SIGN_IN_MODELS, SIGN_IN_OPERATORS, type SignInCondition, type SignInModel, type SignInRow, type SignInStore, type SignInValue } from '../../accounts/sign-in-store.ts'
import { joinName, splitName } from './names.ts'

/** A condition as the library hands it over. */
interface Where { readonly field: string; readonly operator: string; readonly value: unknown; readonly connector: 'AND' | 'OR' }

type Row = Record<string, unknown>

const CONFIG = { adapterId: 'switchyard', adapterName: 'Switchyard store', supportsNumericIds: false, supportsUUIDs: false, supportsJSON: false, supportsArrays: false } as const

/** Somebody was first: the address, or what is theirs alone at a provider, is taken. */
function taken(): APIError {
  return new APIError('CONFLICT', { code: 'TAKEN', message: 'Somebody was first: try again.' })
}

/** The sign-in library's rows in our store. What it makes in one of its transactions is written in one of ours. */
export function storeAdapter(store: SignInStore, nowMs: () => number): (options: BetterAuthOptions) => DBAdapter {
  return (options) => createAdapterFactory({
    config: {
      ...CONFIG,
      transaction: async (work) => {
        const batch = new Batch(store, nowMs)
        // The factory makes the same adapter here as outside, over the batch.
        const inside = createAdapterFactory({ config: CONFIG, adapter: () => customAdapter(batch.store, nowMs) })(options) as DBTransactionAdapter
        const result = await work(inside)
        await batch.write()
        return result
      },
    },
    adapter: () => customAdapter(store, nowMs),
  })(options)
}

/** Rows that wait to be written together. Whoever asks the store for anything meanwhile gets them written first. */
class Batch {
  private rows: { readonly model: SignInModel; readonly row: SignInRow }[] = []

  constructor(private readonly real: SignInStore, private readonly nowMs: () => number) {}

  readonly store: SignInStore = new Proxy(this as unknown as SignInStore, { get: (_, method) => this.methodOf(method as keyof SignInStore) })

  async write(): Promise<void> {
    const rows = this.rows
    this.rows = []
    if (rows.length > 0 && !await this.real.insertSignIn(rows, this.nowMs())) throw taken()
  }

  private methodOf(method: keyof SignInStore): unknown {
    if (method === 'insertSignIn') return async (rows: typeof this.rows) => { this.rows.push(...rows); return true }
    return async (...args: unknown[]) => {
      await this.write()
      // The method with its own arguments, passed on.
      return await (this.real[method] as (...given: unknown[]) => Promise<unknown>)(...args)
    }
  }
}

function customAdapter(store: SignInStore, nowMs: () => number): CustomAdapter {
  // The library asks for its rows by their type, which is what the store has: it wrote them.
  const as = <T>(row: SignInRow | null): T | null => (row ? shown(row) : null) as T | null
  return {
    async create({ model: name, data }) {
      const model = modelOf(name)
      const row = kept(model, data)
      if (!await store.insertSignIn([{ model, row }], nowMs())) throw taken()
      return data
    },
    async update({ model: name, where, update }) {
      const model = modelOf(name)
      return as((await store.updateSignIn({ model, where: conditions(where) }, kept(model, update as Row), nowMs())).first)
    },
    async updateMany({ model: name, where, update }) {
      const model = modelOf(name)
      return (await store.updateSignIn({ model, where: conditions(where) }, kept(model, update), nowMs())).count
    },
    async findOne({ model, where }) {
      return as((await store.findSignIn({ model: modelOf(model), where: conditions(where), limit: 1 }))[0] ?? null)
    },
    async findMany<T>({ model, where, limit, offset, sortBy }: Parameters<CustomAdapter['findMany']>[0]) {
      const sort = sortBy && { sortBy: { field: sortBy.field, isDescending: sortBy.direction === 'desc' } }
      const rows = await store.findSignIn({ model: modelOf(model), where: conditions(where ?? []), limit, offset: offset ?? 0, ...sort })
      // As above.
      return rows.map((row) => shown(row)) as T[]
    },
    async delete({ model, where }) {
      await store.deleteSignIn({ model: modelOf(model), where: conditions(where) }, nowMs())
    },
    async deleteMany({ model, where }) {
      return await store.deleteSignIn({ model: modelOf(model), where: conditions(where) }, nowMs())
    },
    async consumeOne({ model, where }) {
      return as(await store.takeSignIn({ model: modelOf(model), where: conditions(where) }))
    },
    async incrementOne({ model: name, where, increment, set }) {
      const model = modelOf(name)
      return as(await store.addSignIn({ model, where: conditions(where) }, increment, kept(model, set ?? {})))
    },
    async count({ model, where }) {
      return await store.countSignIn({ model: modelOf(model), where: conditions(where ?? []) })
    },
  }
}

function modelOf(name: string): SignInModel {
  const model = SIGN_IN_MODELS.find((known) => known === name)
  if (!model) throw new Error(`sign-in keeps no ${name}`)
  return model
}

function conditions(where: readonly Where[]): SignInCondition[] {
  return where.map(({ field, operator, value, connector }) => {
    const known = SIGN_IN_OPERATORS.find((candidate) => candidate === operator)
    if (!known) throw new Error(`sign-in has no condition ${operator}`)
    // The library's conditions hold what its rows do, or a list of that for `in`.
    return { field, operator: known, value: value as SignInCondition['value'], isOr: connector === 'OR' }
  })
}

/** A person has a first and a last name; the library knows one name. */
function kept(model: SignInModel, data: Row): SignInRow {
  const values = Object.fromEntries(Object.entries(data).map(([field, value]) => [field, (value ?? null) as SignInValue]))
  if (model !== 'user' || !('name' in values)) return values
  const { name, ...rest } = values
  const isSaid = typeof rest['firstName'] === 'string' || typeof rest['lastName'] === 'string'
  return isSaid ? rest : { ...rest, ...splitName(String(name ?? '')) }
}

function shown(row: SignInRow): Row {
  return 'firstName' in row ? { ...row, name: joinName(row['firstName'], row['lastName']), updatedAt: row['updatedAt'] ?? row['createdAt'] } : row
}
