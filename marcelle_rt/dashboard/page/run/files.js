// Where a backend's files are, as a page can show them.

/**
 * The address of an asset's file.
 * @param {string} location the backend
 * @param {unknown} url what the asset's document says: `<folder>/<file>`
 */
export function assetUrl(location, url) {
  const path = String(url ?? '').replace(/^\/?(assets\/)?/, '');
  return `${location}/assets/${path.split('/').map(encodeURIComponent).join('/')}`;
}

/**
 * Shows a file in an element that takes an address; where a sign-in is asked for, it is fetched with the login.
 * @param {import('../connection.js').Connection} connection
 * @param {{ src: string }} node
 * @param {string} url
 */
export async function showFile(connection, node, url) {
  if (!connection.store.requiresAuth) {
    node.src = url;
    return;
  }
  const token = await /** @type {any} */ (connection.store.feathers).authentication.getAccessToken();
  const answer = await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  node.src = URL.createObjectURL(await answer.blob());
}
