"""Workbooks as spreadsheet programs write them, for the readers of tables.

    python -m venv /some/venv && pip install openpyxl==3.1.5
    python scripts/golden/io_tables.py

hospital.xlsx  a hospital's table of invented patients. Numbers have lost their leading zeros; dates are cells of dates.
mama-mia.xlsx  the columns and kinds of values of MAMA-MIA's clinical_and_imaging_info.xlsx, as its authors' own notebook prints them
               (github.com/LidiaGarrucho/MAMA-MIA, notebooks/display_clinical_data.ipynb): 49 columns, acquisition_times as the text of a
               list, 0 and 1 with blanks. Two invented patients.
"""

import datetime
import pathlib

import openpyxl

OUT = pathlib.Path(__file__).parents[2] / "tests" / "golden" / "io" / "tables"
OUT.mkdir(parents=True, exist_ok=True)
NAMED = "PLANT%s, J. seen by dr PLANTDOCTOR"


def save(workbook, name):
    stamp = datetime.datetime(2024, 1, 1)
    workbook.properties.created = workbook.properties.modified = stamp
    workbook.save(OUT / name)


def hospital():
    """One row per patient; 45678 twice, 99999 without images."""
    day = datetime.datetime
    header = ["Hospital number", "Name", "Date of birth", "Label", "Contact", "Report", "Date of MRI", "Surgery", "Year", "Age", "Side", "RCB score"]
    rows = [
        [12345, "PLANTONE^JANE", day(1961, 2, 3), "Plantone", "a@plant.example", NAMED % 1, day(2014, 3, 2), "25/08/2014", 2014, 53, "left", 0],
        [23456, "PLANTTWO^ANNE", day(1972, 4, 5), "Plantwo", "b@plant.example", NAMED % 2, day(2015, 7, 1), "02/01/2016", 2015, 43, "right", 1.51],
        [45678, "PLANTFOUR^EVE", day(1950, 6, 7), "Plantfour", "c@plant.example", NAMED % 4, day(2016, 1, 4), "unknown", 2016, 65, "left", 3.05],
        [45678, "PLANTFOUR^EVE", day(1950, 6, 7), "Plantfour", "c@plant.example", NAMED % 4, day(2016, 9, 4), None, 2016, 66, "left", 2.1],
        [99999, "PLANTNINE^IDA", day(1949, 1, 1), "Plantnine", "d@plant.example", NAMED % 9, day(2012, 5, 5), "03/04/2013", 2012, 63, "right", 1.2],
    ]
    workbook = openpyxl.Workbook()
    legend = workbook.active
    legend.title = "Legend"
    legend.append(["column", "meaning"])
    sheet = workbook.create_sheet("Patients")
    for row in [header, *rows]:
        sheet.append(row)
    save(workbook, "hospital.xlsx")


MAMA_MIA_COLUMNS = """
patient_id dataset bilateral_breast_cancer multifocal_cancer nac_agent endocrine_therapy anti_her2_neu_therapy pcr mastectomy_post_nac
days_to_follow_up days_to_recurrence days_to_metastasis days_to_death hr er pr her2 mammaprint oncotype_score nottingham_grade tumor_subtype
age menopause ethnicity has_implant weight patient_size bmi_group view bilateral_mri num_phases fat_suppressed field_strength image_rows
image_columns num_slices pixel_spacing slice_thickness site manufacturer scanner_model high_bit window_center window_width echo_time
repetition_time acquisition_times acquisition_date tcia_series_uid
""".split()


def mama_mia():
    shared = {
        "bilateral_breast_cancer": 0, "multifocal_cancer": 0, "endocrine_therapy": 0, "hr": 0, "er": 0, "pr": 0, "her2": 1, "tumor_subtype": "her2_pure",
        "menopause": "pre (<6 months since LMP AND no prior bilateral ovariectomy AND not on estrogen replacement)", "has_implant": 0,
        "view": "axial", "bilateral_mri": 1, "fat_suppressed": 1, "field_strength": 1.5, "image_rows": 448, "image_columns": 448,
        "pixel_spacing": "[0.80357140302658, 0.80357140302658]", "slice_thickness": 1.10000002, "manufacturer": "SIEMENS", "scanner_model": "Skyra ",
    }  # fmt: skip
    rows = [
        {"patient_id": "DUKE_001", "dataset": "DUKE", "pcr": 1, "age": 41, "acquisition_times": "[0, 90, 165, 240, 315, 390]", "num_phases": 6,
         "tcia_series_uid": "1.3.6.1.4.1.14519.5.2.1.1"},
        {"patient_id": "ISPY2_100899", "dataset": "ISPY2", "pcr": None, "age": 55, "nac_agent": "Paclitaxel + Ganitumab", "site": "Site AAI",
         "acquisition_date": "1984/10/13", "num_phases": 6, "mammaprint": 1},
    ]  # fmt: skip
    workbook = openpyxl.Workbook()
    first = workbook.active
    first.title = "README"
    first.append(["variable", "description"])
    sheet = workbook.create_sheet("dataset_info")
    sheet.append(MAMA_MIA_COLUMNS)
    for row in rows:
        sheet.append([{**shared, **row}.get(column) for column in MAMA_MIA_COLUMNS])
    workbook.create_sheet("variables").append(["pcr", "0, 1"])
    save(workbook, "mama-mia.xlsx")


hospital()
mama_mia()
