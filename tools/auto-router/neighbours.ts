import { gainOf, type Example } from './examples.ts'

const NEIGHBOURS = 40

/**
 * The baseline of plain nearest neighbours: the mean gain of the most alike prompts of the training set, by the cosine of
 * their words' TF-IDF.
 */
export function fitNeighbours(train: readonly Example[]): (example: Example) => number {
  const documents = train.map((example) => countsOf(example.prompt))
  const inDocuments = new Map<string, number>()
  for (const counts of documents) for (const word of counts.keys()) inDocuments.set(word, (inDocuments.get(word) ?? 0) + 1)
  const idf = (word: string): number => Math.log((1 + train.length) / (1 + (inDocuments.get(word) ?? 0)))
  const postings = new Map<string, { readonly at: number; readonly weight: number }[]>()
  documents.forEach((counts, at) => {
    for (const [word, weight] of unit(counts, idf)) {
      const list = postings.get(word) ?? []
      if (list.length === 0) postings.set(word, list)
      list.push({ at, weight })
    }
  })
  const gains = train.map(gainOf)
  return (example) => {
    const likeness = new Float64Array(train.length)
    for (const [word, weight] of unit(countsOf(example.prompt), idf)) for (const posting of postings.get(word) ?? []) likeness[posting.at] = (likeness[posting.at] ?? 0) + weight * posting.weight
    const nearest = gains.map((_, at) => at).sort((a, b) => (likeness[b] ?? 0) - (likeness[a] ?? 0)).slice(0, NEIGHBOURS)
    return nearest.reduce((sum, at) => sum + (gains[at] ?? 0), 0) / NEIGHBOURS
  }
}

function countsOf(prompt: string): Map<string, number> {
  const counts = new Map<string, number>()
  for (const [word] of prompt.toLowerCase().matchAll(/\p{L}{2,}|\d+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

function unit(counts: ReadonlyMap<string, number>, idf: (word: string) => number): [word: string, weight: number][] {
  const weighted = [...counts].map(([word, count]): [string, number] => [word, (1 + Math.log(count)) * idf(word)])
  const norm = Math.sqrt(weighted.reduce((sum, [, weight]) => sum + weight * weight, 0)) || 1
  return weighted.map(([word, weight]) => [word, weight / norm])
}
