export {
  checkJobVariables,
  checkParameters,
  checkRequiredVariables,
  checkTemplate,
  checkTemplateShape,
  undeclaredVariables,
  unusedVariables,
} from "./check";
export { credentialsVariable, defaultTemplate } from "./defaultTemplate";
export { asWritten } from "./givenText";
export { asWhole, layered, unlikePrefect } from "./merge";
export { placeholdersIn } from "./placeholders";
export { type PrepareContext, prepareJob } from "./prepare";
export { type JobInput, resolveJob } from "./resolveJob";
export { storedTemplate } from "./storedTemplate";
export { validateJob } from "./validate";
