/** Sides of the body, and what an image tells of them. */

/** The patient's left or right. */
export type BreastSide = "left" | "right";

/** The breast that an acquisition of one breast shows. */
export interface ImagedBreast {
  readonly side: BreastSide;
  /** The attribute of the source that says so. */
  readonly attribute: string;
}
