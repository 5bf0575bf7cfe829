import { describe, expect, test } from 'bun:test'
import { parseOperatorFile } from './operator.ts'

function read(yaml: string): unknown {
  const result = parseOperatorFile(yaml, { file: 'switchyard.yaml', env: {}, isBuiltIn: () => false })
  return result.ok ? result.file.retention : result.errors.map(({ path, message }) => `${path}: ${message}`)
}

describe('retention', () => {
  test('is in days, by kind; what is not said is kept', () => {
    expect(read('retention: { generations: 90, windows: 400, changes: 30 }')).toEqual({ generationsDays: 90, windowsDays: 400, changesDays: 30 })
    expect(read('retention: { generations: 7 }')).toEqual({ generationsDays: 7 })
    expect(read('{}')).toBeUndefined()
  })

  test.each([
    ['retention: { generations: 6 }', 'retention.generations'],
    ['retention: { windows: 61 }', 'retention.windows'],
    ['retention: { changes: 0 }', 'retention.changes'],
    ['retention: { prompts: 3 }', 'retention.prompts'],
    ['retention: 30', 'retention'],
  ])('%s is wrong, and said where', (yaml, path) => {
    const errors = read(yaml) as string[]
    expect(errors).toHaveLength(1)
    expect(errors[0]).toStartWith(`${path}: `)
  })
})
