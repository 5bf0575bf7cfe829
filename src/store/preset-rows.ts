import type { NewPresetVersion, Preset, PresetVersion } from '../accounts/presets.ts'
import type { JsonObject } from '../core/json.ts'
import { writeAudit } from './audit-rows.ts'
import { noteRules } from './rule-rows.ts'
import { int, one, text, textOrNull, type Row, type Sql } from './sql.ts'

const PRESETS = `SELECT presets.id, presets.account_id, presets.slug, presets.created_ms, presets.updated_ms, preset_versions.id AS version_id, preset_versions.version,
  preset_versions.system_prompt, preset_versions.config, preset_versions.created_ms AS version_ms, preset_versions.created_by,
  (SELECT first.created_by FROM preset_versions AS first WHERE first.account_id = presets.account_id AND first.preset_id = presets.id AND first.version = 1) AS made_by FROM presets
  JOIN preset_versions ON preset_versions.account_id = presets.account_id AND preset_versions.preset_id = presets.id AND preset_versions.version = presets.designated`

export async function findPreset(sql: Sql, accountId: string, slug: string): Promise<Preset | undefined> {
  const row = await one(sql, `${PRESETS} WHERE presets.account_id = $1 AND presets.slug = $2`, accountId, slug)
  return row && readPreset(row)
}

export async function listPresets(sql: Sql, accountId: string, page: { readonly offset: number; readonly limit: number }): Promise<{ readonly rows: readonly Preset[]; readonly total: number }> {
  const rows = await sql.all(`${PRESETS} WHERE presets.account_id = $1 ORDER BY presets.updated_ms DESC, presets.id DESC LIMIT $2 OFFSET $3`, accountId, page.limit, page.offset)
  return { rows: rows.map(readPreset), total: int(await one(sql, 'SELECT COUNT(*) AS total FROM presets WHERE account_id = $1', accountId), 'total') }
}

/** The new version's number is one more than the highest there is: two that come together get two numbers, one after the other. */
export async function addPresetVersion(sql: Sql, made: NewPresetVersion): Promise<Preset> {
  const { accountId, slug, presetId, versionId, systemPrompt, config, nowMs, by } = made
  await noteRules(sql, accountId)
  await sql.run('INSERT INTO presets (account_id, id, slug, designated, created_ms, updated_ms) VALUES ($1, $2, $3, 0, $4, $4) ON CONFLICT (account_id, slug) DO NOTHING', accountId, presetId, slug, nowMs)
  const row = await one(sql, 'UPDATE presets SET designated = designated + 1, updated_ms = $1 WHERE account_id = $2 AND slug = $3 RETURNING id, designated', nowMs, accountId, slug)
  if (!row) throw new Error('a preset that was made in this transaction is gone')
  await sql.run('INSERT INTO preset_versions (account_id, preset_id, version, id, system_prompt, config, created_ms, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)',
    accountId, text(row, 'id'), int(row, 'designated'), versionId, systemPrompt, JSON.stringify(config), nowMs, by.userId)
  // Which fields it sets, and the model: what its prompts say is nobody's to read in a log.
  const after = { slug, version: int(row, 'designated'), fields: Object.keys(config), model: config['model'] ?? null }
  await writeAudit(sql, { accountId, by, nowMs, action: after.version === 1 ? 'preset.create' : 'preset.change', target: text(row, 'id'), before: after.version === 1 ? undefined : { slug, version: after.version - 1 }, after })
  const preset = await findPreset(sql, accountId, slug)
  if (!preset) throw new Error('a preset that was made in this transaction is gone')
  return preset
}

const VERSION = 'preset_versions.preset_id, preset_versions.id AS version_id, preset_versions.version, preset_versions.system_prompt, preset_versions.config, preset_versions.created_ms AS version_ms, preset_versions.created_by'
const VERSIONS = 'FROM preset_versions JOIN presets ON presets.account_id = preset_versions.account_id AND presets.id = preset_versions.preset_id WHERE presets.account_id = $1 AND presets.slug = $2'

export async function listPresetVersions(sql: Sql, accountId: string, slug: string, page: { readonly offset: number; readonly limit: number }): Promise<{ readonly rows: readonly PresetVersion[]; readonly total: number } | undefined> {
  const total = int(await one(sql, `SELECT COUNT(*) AS total ${VERSIONS}`, accountId, slug), 'total')
  if (total === 0) return undefined
  const rows = await sql.all(`SELECT ${VERSION} ${VERSIONS} ORDER BY preset_versions.version LIMIT $3 OFFSET $4`, accountId, slug, page.limit, page.offset)
  return { rows: rows.map((row) => readVersion(row, text(row, 'preset_id'))), total }
}

export async function findPresetVersion(sql: Sql, accountId: string, slug: string, version: number): Promise<PresetVersion | undefined> {
  const row = await one(sql, `SELECT ${VERSION} ${VERSIONS} AND preset_versions.version = $3`, accountId, slug, version)
  return row && readVersion(row, text(row, 'preset_id'))
}

function readPreset(row: Row): Preset {
  return {
    id: text(row, 'id'), accountId: text(row, 'account_id'), slug: text(row, 'slug'), createdMs: int(row, 'created_ms'), updatedMs: int(row, 'updated_ms'),
    createdBy: textOrNull(row, 'made_by'), designated: readVersion(row, text(row, 'id')),
  }
}

function readVersion(row: Row, presetId: string): PresetVersion {
  return {
    id: text(row, 'version_id'), presetId, version: int(row, 'version'), systemPrompt: row['system_prompt'] === null ? null : text(row, 'system_prompt'),
    // Written by addPresetVersion, from the same type.
    config: JSON.parse(text(row, 'config')) as JsonObject, createdMs: int(row, 'version_ms'), createdBy: textOrNull(row, 'created_by'),
  }
}
