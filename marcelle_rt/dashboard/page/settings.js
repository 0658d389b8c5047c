// Which backend the page shows; empty: the server that the page comes from.
export const backend = '';
