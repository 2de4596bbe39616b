/** As in package.json: a test compares them. */
export const pluginVersion = "0.1.0";
