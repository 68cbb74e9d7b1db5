/**
 * Prefect's base image for Prefect 3, as in Prefect's template for Cloud Run.
 *
 * A pool's template promises such an image if the job variable `image` is not set. Prefect's worker uses the image of its own versions of
 * Prefect and Python; pushpool has neither.
 */
export const PREFECT_BASE_IMAGE = "prefecthq/prefect:3-latest";

/** The warning if it is used. */
export const BASE_IMAGE_TAKEN = `no image is given: the run gets Prefect's base image ${PREFECT_BASE_IMAGE} (job variable "image" names another)`;
