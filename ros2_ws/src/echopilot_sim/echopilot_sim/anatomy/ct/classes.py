"""Classes of a segmentation: names of TotalSegmentator (versions 1 and 2 and its subtasks) -> materials.

Wasserthal et al., "TotalSegmentator", Radiology: Artificial Intelligence 5(5), 2023; class lists of its repository.
"""

import difflib
import re

from echopilot_core import EchoPilotError
from echopilot_sim.anatomy.labels.materials import Material
from echopilot_sim.anatomy.vessels.tube import TubeKind

_SIDES = ("left", "right")
UNNAMED = Material.AIR
"""Stands for classes that say only "body": Hounsfield units or layers fill them."""

LUNGS = (
    "lung_upper_lobe_left",
    "lung_lower_lobe_left",
    "lung_upper_lobe_right",
    "lung_middle_lobe_right",
    "lung_lower_lobe_right",
    "lung",
    "lung_left",
    "lung_right",
)
VERTEBRAE = (
    "vertebrae",
    *(f"vertebrae_{s}{i}" for s, n in (("C", 7), ("T", 12), ("L", 6), ("S", 1)) for i in range(1, n + 1)),
)
RIBS = tuple(f"rib_{side}_{i}" for side in _SIDES for i in range(1, 13))
AORTA = ("aorta", "aorta_true_lumen", "aorta_false_lumen", "annulus_proper", "sinotubular_junction")
BOWEL = ("small_bowel", "duodenum", "colon")

VESSELS: dict[str, TubeKind] = {
    "inferior_vena_cava": TubeKind.CAVA,
    "superior_vena_cava": TubeKind.VEIN,
    "portal_vein_and_splenic_vein": TubeKind.PORTAL,
    "iliac_vena_left": TubeKind.CAVA,
    "iliac_vena_right": TubeKind.CAVA,
    "iliac_artery_left": TubeKind.ILIAC,
    "iliac_artery_right": TubeKind.ILIAC,
    "brachiocephalic_trunk": TubeKind.BRANCH,
    "common_carotid_artery_left": TubeKind.BRANCH,
    "common_carotid_artery_right": TubeKind.BRANCH,
    "subclavian_artery_left": TubeKind.BRANCH,
    "subclavian_artery_right": TubeKind.BRANCH,
    "celiac_trunk": TubeKind.BRANCH,
    "superior_mesenteric_artery": TubeKind.BRANCH,
    "renal_artery_left": TubeKind.BRANCH,
    "renal_artery_right": TubeKind.BRANCH,
    "brachiocephalic_vein_left": TubeKind.VEIN,
    "brachiocephalic_vein_right": TubeKind.VEIN,
}

LV, LV_MYO, LA, RV, RA = (
    "heart_ventricle_left",
    "heart_myocardium",
    "heart_atrium_left",
    "heart_ventricle_right",
    "heart_atrium_right",
)
CHAMBERS = (LV, LV_MYO, LA, RV, RA)
SEPTUM, ROOT_WALL = "interventricular_septum", "aorta_wall"

_SYNONYMS = {
    "lv_blood_pool": LV,
    "rv_blood_pool": RV,
    "la_blood_pool": LA,
    "ra_blood_pool": RA,
    "left_ventricle_myocardium": LV_MYO,
    "left_ventricle": LV,
    "right_ventricle": RV,
    "left_atrium": LA,
    "right_atrium": RA,
    "myocardium": LV_MYO,
    "aorta_true": "aorta_true_lumen",
    "aorta_false": "aorta_false_lumen",
    "coeliac_trunk": "celiac_trunk",
    "esophagus": "esophagus",
}

_MATERIALS: dict[str, Material] = {
    **dict.fromkeys(LUNGS, Material.LUNG),
    **dict.fromkeys(VERTEBRAE, Material.VERTEBRA),
    **dict.fromkeys(("sacrum", "spinal_cord"), Material.VERTEBRA),
    **dict.fromkeys(RIBS, Material.BONE),
    **dict.fromkeys(("sternum", "skull", "face"), Material.BONE),
    **{f"{bone}_{s}": Material.BONE for bone in ("femur", "hip", "humerus", "scapula", "clavicula") for s in _SIDES},
    "costal_cartilages": Material.CARTILAGE,
    "intervertebral_discs": Material.DISC,
    "spleen": Material.SPLEEN,
    "liver": Material.LIVER,
    "liver_vessels": Material.LIVER_VESSEL,
    "gallbladder": Material.GALLBLADDER,
    "pancreas": Material.PANCREAS,
    "stomach": Material.STOMACH,
    "esophagus": Material.MUSCLE,
    "trachea": Material.GAS,
    "thyroid_gland": Material.MUSCLE,
    "prostate": Material.MUSCLE,
    "urinary_bladder": Material.GALLBLADDER,  # clear fluid in a thin wall
    **dict.fromkeys(BOWEL, Material.BOWEL),
    **{f"kidney_{s}": Material.KIDNEY for s in _SIDES},
    **{f"kidney_cyst_{s}": Material.GALLBLADDER for s in _SIDES},
    **{f"adrenal_gland_{s}": Material.PANCREAS for s in _SIDES},
    **{f"autochthon_{s}": Material.MUSCLE for s in _SIDES},
    **{f"iliopsoas_{s}": Material.PSOAS for s in _SIDES},
    **{f"gluteus_{part}_{s}": Material.MUSCLE for part in ("maximus", "medius", "minimus") for s in _SIDES},
    "skeletal_muscle": Material.MUSCLE,
    "subcutaneous_fat": Material.FAT,
    "torso_fat": Material.MESENTERY,
    "brain": Material.MUSCLE,
    "heart": Material.MEDIASTINUM,
    LV: Material.BLOOD_LV,
    LV_MYO: Material.MYOCARDIUM_LV,
    SEPTUM: Material.MYOCARDIUM_LV,
    LA: Material.BLOOD_LA,
    RV: Material.BLOOD_RV,
    RA: Material.BLOOD_RA,
    "right_ventricle_myocardium": Material.MYOCARDIUM_RV,
    "left_atrium_wall": Material.MYOCARDIUM_ATRIA,
    "right_atrium_wall": Material.MYOCARDIUM_ATRIA,
    ROOT_WALL: Material.ROOT_WALL,
    "pulmonary_artery_wall": Material.VESSEL_WALL,
    "atrial_appendage_left": Material.BLOOD_LA,
    "pulmonary_artery": Material.BLOOD_BRANCH,
    "pulmonary_vein": Material.BLOOD_BRANCH,
    "lung_vessels": Material.BLOOD_BRANCH,
    **dict.fromkeys(AORTA, Material.BLOOD_AORTA),
    **{
        name: Material.BLOOD_IVC if kind is TubeKind.CAVA else Material.BLOOD_BRANCH
        for name, kind in VESSELS.items()
        if kind is not TubeKind.PORTAL
    },
    "portal_vein_and_splenic_vein": Material.LIVER_VESSEL,
    **dict.fromkeys(("body", "body_trunc", "body_extremities", "body_other_tissue", "skin", "background"), UNNAMED),
}


def canonical(name: str) -> str:
    """Class name as TotalSegmentator spells it: remarks in brackets dropped, lower case, underscores.

    Raises EchoPilotError for a class that is not known, with the nearest known ones.
    """
    plain = re.sub(r"\(.*?\)", "", name).strip().lower()
    plain = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    plain = re.sub(r"^vertebrae_([ctls]\d+)$", lambda m: f"vertebrae_{m.group(1).upper()}", plain)
    plain = _SYNONYMS.get(plain, plain)
    if plain not in _MATERIALS:
        near = difflib.get_close_matches(plain, _MATERIALS, 3, 0.5) or ["aorta", "liver", "vertebrae_L1"]
        raise EchoPilotError(
            f"class table: unknown class '{name}'; choose TotalSegmentator names, as {', '.join(near)}"
        )
    return plain


def material(name: str) -> Material:
    """Material of a canonical class; UNNAMED where it does not say what fills it."""
    return _MATERIALS[name]
