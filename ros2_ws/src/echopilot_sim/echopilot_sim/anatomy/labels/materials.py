"""Materials that the label function distinguishes, and the segmentation class that each one belongs to."""

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from echopilot_core import SegmentationClass


class Material(IntEnum):
    """What fills a point of the virtual patient; the acoustic properties live in bmode."""

    AIR = 0  # outside the body: air, or gel where the renderer couples
    SKIN = 1
    FAT = 2
    MUSCLE = 3
    FASCIA = 4
    BONE = 5  # ribs and sternum
    CARTILAGE = 6
    LUNG = 7
    DIAPHRAGM = 8
    LIVER = 9
    LIVER_VESSEL = 10
    KIDNEY = 11
    BOWEL = 12
    GAS = 13
    MESENTERY = 14
    VERTEBRA = 15
    DISC = 16
    PSOAS = 17
    MEDIASTINUM = 18  # fat and connective tissue around heart and great vessels
    PERICARDIUM = 19
    EFFUSION = 20
    MYOCARDIUM_LV = 21
    MYOCARDIUM_RV = 22
    MYOCARDIUM_ATRIA = 23
    PAPILLARY = 24
    LEAFLET = 25
    BLOOD_LV = 26
    BLOOD_RV = 27
    BLOOD_LA = 28
    BLOOD_RA = 29
    BLOOD_ROOT = 30  # aortic root and ascending aorta
    ROOT_WALL = 31
    BLOOD_AORTA = 32  # descending thoracic and abdominal aorta, common iliacs
    AORTA_WALL = 33
    THROMBUS = 34
    BLOOD_IVC = 35
    BLOOD_BRANCH = 36  # superior mesenteric artery and other side vessels
    VESSEL_WALL = 37
    SPLEEN = 38
    STOMACH = 39
    TRABECULA = 40  # muscle strands inside the LV cavity
    FLAP = 41  # torn inner layer of a dissected aorta
    BLOOD_FALSE_LUMEN = 42
    BOWEL_WALL = 43
    BOWEL_CONTENT = 44
    GALLBLADDER = 45  # bile
    PANCREAS = 46
    LIVER_VESSEL_WALL = 47  # bright wall of portal veins
    BREAST = 48  # gland and fat in front of the chest muscle


_CLASS = {
    Material.BLOOD_LV: SegmentationClass.LV,
    Material.PAPILLARY: SegmentationClass.LV,  # guideline: papillary muscles count as cavity
    Material.TRABECULA: SegmentationClass.LV,
    Material.MYOCARDIUM_LV: SegmentationClass.LV_MYO,
    Material.BLOOD_LA: SegmentationClass.LA,
    Material.BLOOD_RV: SegmentationClass.RV,
    Material.BLOOD_RA: SegmentationClass.RA,
    Material.BLOOD_ROOT: SegmentationClass.AO_ROOT,
    Material.BLOOD_AORTA: SegmentationClass.AO_LUMEN,
    Material.BLOOD_FALSE_LUMEN: SegmentationClass.AO_LUMEN,
    Material.FLAP: SegmentationClass.AO_LUMEN,
    Material.AORTA_WALL: SegmentationClass.AO_WALL,
    Material.THROMBUS: SegmentationClass.AO_WALL,
    Material.BLOOD_IVC: SegmentationClass.IVC,
    Material.VERTEBRA: SegmentationClass.VERTEBRA,
    Material.LIVER: SegmentationClass.LIVER,
    Material.LIVER_VESSEL: SegmentationClass.LIVER,
    Material.LIVER_VESSEL_WALL: SegmentationClass.LIVER,
    Material.EFFUSION: SegmentationClass.EFFUSION,
}

CLASS_OF_MATERIAL: NDArray[np.uint8] = np.array(
    [_CLASS.get(m, SegmentationClass.BACKGROUND) for m in Material], dtype=np.uint8
)
"""Look-up table (len(Material),): `CLASS_OF_MATERIAL[materials]` is the exact segmentation class."""
