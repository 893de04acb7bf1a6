/** Writes the objects of tests/golden/io/made-objects.ts into a folder, for io_dicom_objects.py. */
import { writeMadeObjects } from "../../tests/golden/io/made-objects.ts";

await writeMadeObjects(process.argv[2]);
