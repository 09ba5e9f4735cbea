import type { Client, ClientOptions } from "openapi-fetch";
import type { paths } from "./schema.js";

export type { components, operations, paths } from "./schema.js";

/** Return a client of the service at `options.baseUrl`. */
export declare function createRetroRunClient(options?: ClientOptions): Client<paths>;
