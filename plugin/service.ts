import * as grpc from "@grpc/grpc-js";
import type { PluginAttach } from "@pulumi/pulumi/proto/plugin_pb";
import type {
  CheckRequest,
  ConfigureRequest,
  ConstructRequest,
  CreateRequest,
  DeleteRequest,
  DiffRequest,
  GetSchemaRequest,
  ReadRequest,
  UpdateRequest,
} from "@pulumi/pulumi/proto/provider_pb";
import type { JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb";
import { typeOf } from "../src/engine/urn";
import type { JsonObject } from "../src/json";
import type { CheckFailure } from "../src/provider/operations";
import { constructing } from "./constructing";
import { type Failures, messageOf } from "./failures";
import { packageSchema, schemaText } from "./packageSchema";
import { programRuntime } from "./programRuntime";
import { checkedConfig, versionFault } from "./providerConfig";
import { Resources } from "./providerResources";
import { proto } from "./pulumiSdk";
import { spelled } from "./spelling";
import { WhenQuiet } from "./whenQuiet";
import { plainOf } from "./wireValues";

/** Answers a request of one method of Pulumi's protocol. */
type Answer = (request: never) => unknown;

/**
 * The methods of `pulumi/provider.proto` that this provider has. The engine takes the others as not implemented.
 * @param engine address of the engine; absent if the engine attaches later
 * @param keepCode keeps the compiled code for the next start
 */
export function providerMethods(engine: string | undefined, failures: Failures, keepCode: () => void): grpc.UntypedServiceImplementation {
  const resources = new Resources();
  let engineAddress = engine ?? "";
  const loading = new WhenQuiet(
    () =>
      void constructing()
        .then(({ loadShared }) => loadShared())
        .catch(() => {}),
  );
  // An engine kills its providers, so the code is kept as soon as there is time.
  const keeping = new WhenQuiet(keepCode);
  const answers: Record<string, Answer> = {
    getPluginInfo: () => {
      loading.start();
      return new proto.plugin.PluginInfo().setVersion(packageSchema().version);
    },
    getSchema: schemaAnswer,
    attach: (request: PluginAttach) => {
      engineAddress = request.getAddress();
      return new proto.empty.Empty();
    },
    cancel: () => {
      keepCode();
      return new proto.empty.Empty();
    },
    checkConfig: (request: CheckRequest) => {
      const { inputs, failures } = checkedConfig(propertiesOf(request.getNews()));
      return checkAnswer(inputs, failures, tokenOf(request));
    },
    configure: (request: ConfigureRequest) => configureAnswer(request, resources),
    construct: (request: ConstructRequest) => constructAnswer(request, engineAddress).finally(() => keeping.start()),
    check: async (request: CheckRequest) => {
      const { inputs, failures } = await resources.check(
        request.getUrn(),
        propertiesOf(request.getOlds()),
        propertiesOf(request.getNews()),
      );
      return checkAnswer(inputs, failures, tokenOf(request));
    },
    diff: (request: DiffRequest) => diffAnswer(request, resources),
    create: async (request: CreateRequest) => {
      const { id, outputs } = await resources.create(request.getUrn(), propertiesOf(request.getProperties()));
      return new proto.provider.CreateResponse().setId(id).setProperties(structOf(outputs));
    },
    read: async (request: ReadRequest) => {
      const { id, outputs } = await resources.read(request.getUrn(), request.getId(), propertiesOf(request.getProperties()));
      return new proto.provider.ReadResponse().setId(id).setProperties(structOf(outputs)).setInputs(request.getInputs());
    },
    update: async (request: UpdateRequest) => {
      const [olds, news] = [propertiesOf(request.getOlds()), propertiesOf(request.getNews())];
      const { outputs } = await resources.update(request.getUrn(), request.getId(), olds, news);
      return new proto.provider.UpdateResponse().setProperties(structOf(outputs));
    },
    delete: async (request: DeleteRequest) => {
      await resources.delete(request.getUrn(), request.getId(), propertiesOf(request.getProperties()));
      return new proto.empty.Empty();
    },
  };
  const each = (answer: Answer): Answer => {
    return (request) => {
      loading.cancel();
      keeping.cancel();
      return answer(request);
    };
  };
  return Object.fromEntries(Object.entries(answers).map(([method, answer]) => [method, unary(each(answer), failures)]));
}

/** Construct a component. */
async function constructAnswer(request: ConstructRequest, engine: string) {
  const { construct } = await constructing();
  return construct(request, engine);
}

function unary(answer: Answer, failures: Failures): grpc.handleUnaryCall<unknown, unknown> {
  return (call, done) => {
    let isAnswered = false;
    const once = (error: Partial<grpc.ServiceError> | null, response?: unknown) => {
      if (!isAnswered) done(error, response);
      isAnswered = true;
    };
    const fail = (reason: unknown) => once(statusOf(reason, tokenOf(call.request as About)));
    void failures.during(fail, async () => once(null, await answer(call.request as never))).catch(fail);
  };
}

function schemaAnswer(request: GetSchemaRequest) {
  if (request.getVersion() !== 0) throw new Error(`this provider has its schema in version 0, not in version ${request.getVersion()}`);
  return new proto.provider.GetSchemaResponse().setSchema(schemaText());
}

function configureAnswer(request: ConfigureRequest, resources: Resources) {
  const { tree } = plainOf(propertiesOf(request.getArgs()));
  const version = tree.version ?? request.getVariablesMap().get("pushpool:config:version");
  const fault = versionFault(version, packageSchema().version);
  if (fault !== undefined) throw new Error(fault);
  resources.configure(tree);
  return new proto.provider.ConfigureResponse().setAcceptsecrets(true).setAcceptresources(true).setAcceptoutputs(true);
}

async function diffAnswer(request: DiffRequest, resources: Resources) {
  const [olds, news] = [propertiesOf(request.getOlds()), propertiesOf(request.getNews())];
  const { changes, replaces = [], deleteBeforeReplace = false } = await resources.diff(request.getUrn(), request.getId(), olds, news);
  const { DIFF_SOME, DIFF_NONE } = proto.provider.DiffResponse.DiffChanges;
  return new proto.provider.DiffResponse()
    .setChanges(changes ? DIFF_SOME : DIFF_NONE)
    .setReplacesList(replaces)
    .setDiffsList(changes ? changedKeys(propertiesOf(request.getOldInputs()), news) : [])
    .setDeletebeforereplace(deleteBeforeReplace);
}

/** The arguments that differ, for the option replaceOnChanges and for what is shown. */
function changedKeys(before: JsonObject, now: JsonObject): string[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(now)])];
  return keys.filter((key) => JSON.stringify(before[key]) !== JSON.stringify(now[key]));
}

function checkAnswer(inputs: JsonObject, failures: readonly CheckFailure[], token: string) {
  const listed = failures.map(({ property, reason }) =>
    new proto.provider.CheckFailure().setProperty(shownProperty(property, token)).setReason(inTheProgramsWords(reason, token)),
  );
  return new proto.provider.CheckResponse().setInputs(structOf(inputs)).setFailuresList(listed);
}

/**
 * The property that an engine shows before the reason, with its value from the inputs. It is blank if the program's language spells it in
 * another way: an engine would find no value by that name, and every reason names its field.
 */
function shownProperty(property: string, token: string): string {
  return inTheProgramsWords(property, token) === property ? property : "";
}

/** What a request may say about its resource. */
interface About {
  getType?(): string;
  getUrn?(): string;
}

/** The type of the resource that a request is about; blank if it is about none. */
function tokenOf(request: About): string {
  return request.getType?.() || typeOf(request.getUrn?.() ?? "") || "";
}

/** A message with the names of arguments as in the program's language. */
function inTheProgramsWords(message: string, token: string): string {
  return spelled(message, token, programRuntime(process.cwd()));
}

/**
 * An error for the engine: its message, and a resource that exists but is not ready. Messages name the field themselves; Pulumi's own errors
 * of single properties would show their values, which may be secret.
 */
function statusOf(reason: unknown, token: string): Partial<grpc.ServiceError> {
  const message = inTheProgramsWords(messageOf(reason), token);
  const { id, properties = {}, reasons = [] } = (reason ?? {}) as { id?: string; properties?: JsonObject; reasons?: string[] };
  if (typeof id !== "string") return { code: grpc.status.UNKNOWN, details: message };
  const failed = new proto.provider.ErrorResourceInitFailed().setId(id).setProperties(structOf(properties)).setReasonsList(reasons);
  const any = new proto.any.Any();
  any.pack(failed.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new proto.status.Status().setCode(grpc.status.UNKNOWN).setMessage(message);
  // Unlike a setter, it returns what it adds.
  status.addDetails(any);
  const metadata = new grpc.Metadata();
  metadata.add("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return { code: grpc.status.UNKNOWN, details: message, metadata };
}

function propertiesOf(struct: Struct | undefined): JsonObject {
  return (struct?.toJavaScript() ?? {}) as JsonObject;
}

function structOf(properties: JsonObject): Struct {
  return proto.struct.Struct.fromJavaScript(properties as { [key: string]: JavaScriptValue });
}
