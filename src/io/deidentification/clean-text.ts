/** Free text that may leave: words of imaging protocols and small numbers (the Clean Descriptors Option, PS3.15, E.3.5). */

const WORDS = `
a acq acquisition adc analysis ax axi axial b bilateral bilat bl bold breast breasts c cad cal calibration cor coronal contrast cropped cube
d dce delay delayed der derived diff diffusion dir dixon dti dwi dyn dynamic dynamics e early echo enh enhanced enhancement epi fast fat
fatsat fgre fl flair flash flip fov fse fspgr fs ftv ge gad gadolinium gd gems gre gradient healthcare hi high hires hr ideal image images img in inj injection
inphase iso isotropic ispy kinetic kinetics l lat late lateral lava left loc localizer localiser lt m map maps mask mb max mean medical mg mid min mins mip mm
mpr mr mra mri ms multi mip native no non nonfs opp orig original out p pass pd pe peak perf perfusion ph phase phases phantom philips plane post pre prone pulse q qc quick r
reconstruction ref reference reg registered resolution right roi rt s sag sagittal sat scan scout se sec secs seg segmentation sense series ser siemens signal single sl slab slice spair spc
spgr space spin spiral st stir sub subtract subtracted subtraction suppressed supp survey systems t te temporal test tfe thick thin thrive ti time tirm tof toshiba tr tra
tumor tumors tumour tumours lesion lesions mass masses neoplasm cancer carcinoma index primary satellite nodule cyst necrosis necrotic core edema oedema
lymph node nodes bed rim background tissue fibroglandular segment region
trans transverse tse ttp turbo twist uni unilat unilateral vibe vibrant view views vol volser volume w wash washin washout wat water weighted wfs wi with without wo x y z
`;

const KNOWN: ReadonlySet<string> = new Set(WORDS.trim().split(/\s+/));
/** Contrasts, phases, dimensions and file names of scanners: letters known above or of file names with up to three digits on either side. */
const NUMBERED = /^(\d{0,3})([a-z]*)(\d{0,3})([a-z]{0,3})$/;
const FILE_NAME = /^(im|img|image|i|mr|mri|dcm|dicom|slice|s|e|se|sl)\d{0,6}$/;
const FILE_WORDS: ReadonlySet<string> = new Set("dcm dicom ima im img dicomdir nii gz".split(" "));
const UID = /\d+(?:\.\d+){3,}/g;
/** Dates in the orders that people write. */
const DATE = /(?:19|20)\d{2}[-./_ ]?\d{1,2}[-./_ ]?\d{1,2}|\d{1,2}[-./_ ]\d{1,2}[-./_ ](?:19|20)?\d{2}/g;

/**
 * A description without what may name a patient, a person, a place or a date: of its words only those of imaging protocols are kept,
 * with numbers of up to three digits.
 */
export function cleanDescription(text: string): string {
  return withKnownWords(text, isProtocolWord, "")
    .replace(/\[\W*\]|\(\W*\)/g, "")
    .replace(/[\s_^-]+/g, (gap) => gap[0])
    .replace(/^[\W_]+|[\s_^.,;:-]+$/g, "");
}

/** A path whose parts are kept where they are names that scanners and archives give; `…` stands for the rest. */
export function cleanPath(path: string): string {
  return withKnownWords(
    path,
    (word) => isProtocolWord(word) || FILE_NAME.test(word) || FILE_WORDS.has(word),
    "…",
  ).replace(/…(?:[._\- ]*…)+/g, "…");
}

/** Whether a text holds what looks like a date or a UID. */
export function holdsDateOrUid(text: string): boolean {
  return [UID, DATE].some((pattern) => text.search(pattern) >= 0);
}

function withKnownWords(text: string, known: (word: string) => boolean, substitute: string): string {
  return text
    .replace(UID, substitute)
    .replace(DATE, substitute)
    .replace(/[\p{L}\p{N}]+/gu, (word) => (known(word.toLowerCase()) ? word : substitute));
}

function isProtocolWord(word: string): boolean {
  if (KNOWN.has(word)) return true;
  const parts = NUMBERED.exec(word);
  return parts !== null && [parts[2], parts[4]].every((letters) => letters === "" || KNOWN.has(letters));
}

/** Shortest value that is replaced wherever it stands; shorter ones only as whole words, lest every "MR" of a text goes. */
const SHORTEST_ANYWHERE = 5;
const SHORTEST = 2;

/**
 * Replaces known values in texts.
 *
 * @param replacements by value; longer values first, in any case of letters.
 */
export function createScrubber(replacements: ReadonlyMap<string, string>): (text: string) => string {
  const entries = [...replacements]
    .filter(([value]) => value.length >= SHORTEST)
    .sort(([a], [b]) => b.length - a.length)
    .map(([value, replacement]) => {
      const pattern = value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
      const bounded =
        value.length >= SHORTEST_ANYWHERE ? pattern : `(?<![\\p{L}\\p{N}])${pattern}(?![\\p{L}\\p{N}])`;
      return { value: value.toLowerCase(), pattern: new RegExp(bounded, "giu"), replacement };
    });
  return (text) => {
    let cleaned = text;
    for (const { value, pattern, replacement } of entries) {
      if (cleaned.toLowerCase().includes(value)) cleaned = cleaned.replace(pattern, () => replacement);
    }
    return cleaned;
  };
}
