/** `format` of Cohere's thinking: it is plain text, that nobody signs (contract B28). */
export const UNKNOWN_FORMAT = 'unknown'
