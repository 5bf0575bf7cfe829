/** What vectors are for, in the contract's words and in Google's. Google's other words are taken in lower case. */
const TASKS: Readonly<Record<string, string>> = { search_query: 'RETRIEVAL_QUERY', search_document: 'RETRIEVAL_DOCUMENT', query: 'RETRIEVAL_QUERY', document: 'RETRIEVAL_DOCUMENT', passage: 'RETRIEVAL_DOCUMENT' }
const GOOGLES = ['RETRIEVAL_QUERY', 'RETRIEVAL_DOCUMENT', 'SEMANTIC_SIMILARITY', 'CLASSIFICATION', 'CLUSTERING', 'QUESTION_ANSWERING', 'FACT_VERIFICATION', 'CODE_RETRIEVAL_QUERY'] as const

/** Google's `taskType` for an `input_type`; undefined when it has none for it. */
export function taskOf(inputType: string): string | undefined {
  return TASKS[inputType] ?? GOOGLES.find((task) => task === inputType.toUpperCase())
}

/** The `input_type` that a `taskType` is; undefined for what is none of Google's, or says nothing. */
export function inputTypeOf(task: string): string | undefined {
  const known = GOOGLES.find((name) => name === task.toUpperCase())
  return known === 'RETRIEVAL_QUERY' ? 'search_query' : known === 'RETRIEVAL_DOCUMENT' ? 'search_document' : known?.toLowerCase()
}
