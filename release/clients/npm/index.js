import createClient from "openapi-fetch";

export const createRetroRunClient = (options) => createClient(options);
