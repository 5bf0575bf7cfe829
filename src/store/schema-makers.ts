import type { Migration } from './schema.ts'

/** Who assigned a guardrail, and who made a version of a preset: ids of people, null where it was nobody's key, or before this. */
export const MAKERS: Migration = {
  version: 16,
  name: 'who assigned guardrails and made presets',
  statements: ['ALTER TABLE guardrail_assignments ADD COLUMN assigned_by text', 'ALTER TABLE preset_versions ADD COLUMN created_by text'],
}
