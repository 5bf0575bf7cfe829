import { z } from 'zod'
import { isSameMarkup, type KeptMarkup } from '../../accounts/markups.ts'
import type { Markup, Snapshot } from '../../catalog/endpoint.ts'
import { percentNumber, readPercent } from '../../catalog/markup.ts'
import { findModel } from '../../catalog/names.ts'
import { Fault } from '../../core/fault.ts'
import type { Route, RouteContext } from '../route.ts'
import { readBody } from './body.ts'
import { accessIn } from './caller.ts'
import { timeOrNull } from './key.ts'

const PERCENT = { error: 'must be a percentage of at least -100 with at most two decimals, as 20 or "-12.5"' }
const percent = z.union([z.string(PERCENT), z.number(PERCENT)], PERCENT).transform((said) => readPercent(String(said)) ?? Number.NaN).refine((basisPoints) => !Number.isNaN(basisPoints), PERCENT)
const MARKUP = z.strictObject({
  percent, account_id: z.string({ error: 'must be the id of an account, or null' }).nullable().optional(),
  model: z.string({ error: 'must be the id of a model, as `openai/gpt-5-mini`, all of a maker\'s, as `openai/*`, or null' }).nullable().optional(),
  provider: z.string({ error: 'must be the slug of a provider, as `groq`, or null' }).nullable().optional(),
})

/** `GET /instance/markups`: what is asked over list price, the rules of the operator's file too. Only this server has them. */
export const listMarkups: Route = {
  method: 'GET', path: '/instance/markups', auth: 'operator',
  async handle({ services }) {
    const inFile = fileMarkups(services.snapshot())
    const kept = await services.markups.list()
    return { data: [...kept.map((markup) => keptRow(markup, inFile)), ...inFile.map((markup) => ({ id: null, ...markupRow(markup), source: 'file', overridden: false, created_at: null, updated_at: null }))] }
  },
}

/** `PUT /instance/markups`: made, or replaced where there is one of the same account, model and provider. Calls that begin within a second of it have the new prices, in every process. */
export const putMarkup: Route = {
  method: 'PUT', path: '/instance/markups', auth: 'operator',
  async handle(context) {
    const { percent: basisPoints, account_id: account, model, provider } = await readBody(context, MARKUP)
    const markup = {
      ...(account && { account: (await context.services.operator.account(account)).id }),
      ...(model && { model: knownModel(model.toLowerCase(), context) }), ...(provider && { provider: knownProvider(provider.toLowerCase(), context) }), basisPoints,
    }
    return { data: keptRow(await context.services.markups.put(markup, accessIn(context).actor), fileMarkups(context.services.snapshot())) }
  },
}

/** `DELETE /instance/markups/{id}`. */
export const deleteMarkup: Route = {
  method: 'DELETE', path: '/instance/markups/{id}', auth: 'operator',
  async handle(context) {
    await context.services.markups.delete(context.params['id'] ?? '', accessIn(context).actor)
    return { deleted: true }
  },
}

/** Those of the catalogue that no store keeps. */
function fileMarkups({ markups = [] }: Snapshot): readonly Markup[] {
  return markups.filter((markup) => !('id' in markup))
}

function knownModel(name: string, { services }: RouteContext): string {
  const snapshot = services.snapshot()
  const maker = /^([^/]+)\/\*$/.exec(name)?.[1]
  if (maker !== undefined) {
    if ([...snapshot.models.keys()].some((id) => id.startsWith(`${maker}/`))) return name
    throw new Fault('invalid_request', `There is no model of ${JSON.stringify(maker)} here. GET /api/v1/models lists them.`, { metadata: { field: 'model' } })
  }
  const found = findModel(snapshot, name)?.model.id
  if (found === undefined) throw new Fault('invalid_request', `There is no model ${JSON.stringify(name.slice(0, 200))} here. GET /api/v1/models lists them; \`openai/*\` is all of a maker's.`, { metadata: { field: 'model' } })
  return found
}

function knownProvider(slug: string, { services }: RouteContext): string {
  if (services.snapshot().providers.has(slug)) return slug
  throw new Fault('invalid_request', `There is no provider ${JSON.stringify(slug.slice(0, 200))} here. GET /api/v1/providers lists them.`, { metadata: { field: 'provider' } })
}

function keptRow(markup: KeptMarkup, inFile: readonly Markup[]): object {
  return { id: markup.id, ...markupRow(markup), source: 'store', overridden: inFile.some((other) => isSameMarkup(other, markup)), created_at: timeOrNull(markup.createdMs), updated_at: timeOrNull(markup.updatedMs) }
}

function markupRow({ account, model, provider, basisPoints }: Markup): object {
  return { account_id: account ?? null, model: model ?? null, provider: provider ?? null, percent: percentNumber(basisPoints) }
}
