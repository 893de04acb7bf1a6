"""What highdicom and pydicom read in the DICOM objects that Residua writes, and what dciodvfy (Debian's dicom3tools) finds wrong with
them. The digests tie these readings to the bytes: where the writer changes, this script must be run again.

    python -m venv /some/venv && pip install highdicom==0.28.2 pydicom==3.0.2; apt-get install dicom3tools
    python scripts/golden/io_dicom_objects.py
"""

import hashlib
import json
import pathlib
import subprocess
import tempfile

import highdicom as hd
import numpy as np
import pydicom

ROOT = pathlib.Path(__file__).parents[2]
with tempfile.TemporaryDirectory() as folder:
    subprocess.run(["node", ROOT / "scripts" / "golden" / "io_dicom_objects.ts", folder], check=True)
    files = {path.name: path for path in pathlib.Path(folder).iterdir()}
    digests = {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files.items()}
    complaints = {
        name: [
            line
            for line in subprocess.run(["dciodvfy", path], capture_output=True, text=True).stderr.splitlines()
            if line.startswith(("Error", "Warning"))
        ]
        for name, path in files.items()
    }

    seg = hd.seg.segread(files["made.seg.dcm"])
    volume = seg.get_volume(combine_segments=False, rescale_fractional=False)
    segments = []
    for number in seg.segment_numbers:
        description = seg.get_segment_description(number)
        # Voxels by their LPS positions, which hold whatever order of axes a reader prefers.
        inside = np.argwhere(volume.array[..., number - 1] > 0)
        segments.append(
            {
                "number": int(number),
                "label": description.segment_label,
                "category": description.segmented_property_category.value,
                "type": description.segmented_property_type.value,
                "regions": [code.value for code in description.anatomic_regions],
                "algorithm": description.algorithm_type.value,
                "family": description.algorithm_identification.family.value,
                "name": description.algorithm_identification.name,
                "version": description.algorithm_identification.version,
                "trackingUid": description.tracking_uid,
                "positions": np.round(volume.map_indices_to_reference(inside), 6).tolist() if len(inside) else [],
            }
        )
    sources = [
        {
            "position": [float(x) for x in group.PlanePositionSequence[0].ImagePositionPatient],
            "instance": group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID,
        }
        for group in seg.PerFrameFunctionalGroupsSequence
    ]
    empty = pydicom.dcmread(files["empty.seg.dcm"])

    report = hd.sr.srread(files["made.sr.dcm"])
    plain = pydicom.dcmread(files["made.sr.dcm"])
    groups = [
        {
            "trackingUid": group.tracking_uid,
            "finding": group.finding_type.value,
            "sites": [site.value.value for site in group.finding_sites],
            "segment": int(item.ReferencedSOPSequence[0].ReferencedSegmentNumber),
            "segmentation": item.ReferencedSOPSequence[0].ReferencedSOPInstanceUID,
            "measurements": [
                {
                    "name": m.name.value, "scheme": m.name.scheme_designator, "value": float(m.value), "unit": m.unit.value,
                    "parameters": [i.TextValue for i in m[0].get("ContentSequence", []) if i.ConceptNameCodeSequence[0].CodeValue == "111002"],
                }  # fmt: skip
                for m in group.get_measurements()
            ],
        }
        for group in report.content.get_volumetric_roi_measurement_groups()
        for item in group[0].ContentSequence
        if item.name.value == "121191"
    ]
    predictions = [
        {
            "model": next(item.TextValue for item in group.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "111001"),
            "values": [
                [item.ConceptNameCodeSequence[0].CodeValue, float(item.MeasuredValueSequence[0].NumericValue)]
                for item in group.ContentSequence
                if item.ValueType == "NUM"
            ],
        }
        for group in plain.ContentSequence[-1].ContentSequence
        if group.ContentTemplateSequence[0].TemplateIdentifier == "1501"
    ]

OUT = ROOT / "tests" / "golden" / "io" / "dicom-objects.json"
OUT.write_text(
    json.dumps(
        {
            "tool": "highdicom, pydicom, dciodvfy of dicom3tools",
            "version": f"{hd.__version__}, {pydicom.__version__}, 1.00~20220618093127-2",
            "script": "scripts/golden/io_dicom_objects.py",
            "digests": digests,
            "complaints": complaints,
            "seg": {
                "patientName": str(seg.PatientName),
                "study": seg.StudyInstanceUID,
                "frameOfReference": seg.FrameOfReferenceUID,
                "sopInstanceUid": seg.SOPInstanceUID,
                "referencedSeries": seg.ReferencedSeriesSequence[0].SeriesInstanceUID,
                "referencedInstances": [item.ReferencedSOPInstanceUID for item in seg.ReferencedSeriesSequence[0].ReferencedInstanceSequence],
                "segments": segments,
                "sources": sources,
            },
            "empty": {"frames": int(empty.NumberOfFrames), "voxels": int(empty.pixel_array.sum())},
            "sr": {"groups": groups, "predictions": predictions},
        },
        indent=2,
    )
    + "\n"
)
print(json.dumps(complaints, indent=1))
