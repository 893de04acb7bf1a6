/** Attributes of a frame: in its own functional groups, in those that all frames share, or in the data set (PS3.3, C.7.6.16). */
import type { AttributeName } from "./attributes.ts";
import type { DataSet } from "./data-set.ts";

export interface FrameGroups {
  /**
   * The data set that holds an attribute: the item of the macro per frame, else the shared one, else the file's own
   * data set, where classic images have it. The name of the macro itself as attribute asks for the item as it is.
   */
  find(macro: AttributeName, attribute: AttributeName): DataSet | undefined;
  /** The groups of the frame, then the shared ones. */
  readonly items: readonly DataSet[];
}

/** One entry per item of PerFrameFunctionalGroupsSequence; one in all for a classic image. */
export function frameGroupsOf(data: DataSet): readonly FrameGroups[] {
  const shared = data.items("SharedFunctionalGroupsSequence").slice(0, 1);
  const perFrame = data.items("PerFrameFunctionalGroupsSequence");
  if (perFrame.length === 0) return [groupsOf(shared, data)];
  return perFrame.map((frame) => groupsOf([frame, ...shared], data));
}

function groupsOf(items: readonly DataSet[], data: DataSet): FrameGroups {
  return {
    items,
    find(macro, attribute) {
      for (const group of items) {
        const item = group.items(macro)[0];
        if (item !== undefined && (macro === attribute || item.element(attribute) !== undefined)) return item;
      }
      return data.element(attribute) === undefined || macro === attribute ? undefined : data;
    },
  };
}
