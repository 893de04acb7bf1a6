"""Table E.1-1 of PS3.15 (Basic Application Level Confidentiality Profile), as src/io/deidentification/confidentiality-table.ts.

The tags and actions are those that dicom-anonymizer transcribes from edition 2026c; value representations and keywords are
pydicom's. Of an action with alternatives (X/Z/D and so on) the one is taken that keeps an object valid whatever the type of the
attribute: D before Z before X, and U where references must stay whole. Dates that the table does not name are added, since the retained
longitudinal information with modified dates shifts every date, and free text, which is removed though the table does not ask for it.

    pip install dicom-anonymizer==2.1.0 pydicom==3.0.2
    python scripts/tables/confidentiality_profile.py && npx biome check --write src/io/deidentification
"""

import pathlib

from dicomanonymizer.dicom_anonymization_databases import dicomfields_2026c as table
from pydicom._dicom_dict import DicomDictionary

ACTIONS = {
    "D_TAGS": "D", "Z_TAGS": "Z", "X_TAGS": "X", "U_TAGS": "U", "Z_D_TAGS": "D",
    "X_Z_TAGS": "Z", "X_D_TAGS": "D", "X_Z_D_TAGS": "D", "X_Z_U_STAR_TAGS": "U",
}  # fmt: skip
rows = {}
for name, action in ACTIONS.items():
    for entry in getattr(table, name):
        if len(entry) != 2:  # curves and overlays by mask: groups 50xx and 60xx, written by hand in the code
            continue
        tag = entry[0] << 16 | entry[1]
        vr, _, _, _, keyword = DicomDictionary.get(tag, ("UN", "", "", "", ""))
        rows[tag] = (vr[:2], action, keyword)
for tag, (vr, _, _, _, keyword) in DicomDictionary.items():
    if vr in ("DA", "DT") and tag not in rows and tag >> 16 > 2:
        rows[tag] = (vr, "T", keyword)
    # Where a tracking UID stands, a tracking identifier must.
    if vr in ("LT", "ST", "UT", "UC", "PN") and tag not in rows and tag >> 16 > 2:
        rows[tag] = (vr, "D" if keyword == "TrackingID" else "F", keyword)

lines = "\n".join(
    f'  [0x{tag:08x}, "{vr}", "{action}"],{f" // {keyword}" if keyword else ""}' for tag, (vr, action, keyword) in sorted(rows.items())
)
OUT = pathlib.Path(__file__).parents[2] / "src" / "io" / "deidentification" / "confidentiality-table.ts"
OUT.write_text(
    f"""/**
 * Table E.1-1 of PS3.15, edition 2026c, and every other date and free text of PS3.6; made by scripts/tables/confidentiality_profile.py. Groups 50xx and
 * 60xx (curves, overlays) and odd groups (private) are not listed.
 */

/** `X` removes, `Z` empties, `D` puts a value without meaning, `U` a new UID; `T` is a date and `F` free text that the table does not name. */
export type ConfidentialityAction = "X" | "Z" | "D" | "U" | "T" | "F";

type Row = readonly [tag: number, vr: string, action: ConfidentialityAction];

export const CONFIDENTIALITY_TABLE: readonly Row[] = [
{lines}
];
"""
)
print(len(rows))
