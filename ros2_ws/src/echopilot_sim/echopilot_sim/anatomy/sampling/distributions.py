"""Distributions of all parameters of a sampled patient, with sources; SI units, Normal(mean, sd, low, high).

[ASE] Lang et al. 2015, J Am Soc Echocardiogr 28:1, chamber quantification in adults (limits are mean +- 2 sd);
[Dev] Devereux et al. 2012, Am J Cardiol 110:1189; [Hir] Hiratzka et al. 2010, Circulation 121:e266; [Rog] Rogers et
al. 2013, Am J Cardiol 111:1510; [SVS] Chaikof et al. 2018, J Vasc Surg 67:2; [NCD] NCD-RisC 2016, eLife 5:e13410 and
Lancet 387:1377; [Go] Go et al. 2001, JAMA 285:2370; [est] the estimates of contact and breathing that the skin model
was designed with; [us] set by eye for this simulator, so that images are right and an exam is possible. Guideline
values are quoted from summaries of the guidelines; check them in the original before citing them further.
"""

from echopilot_sim.anatomy.sampling.random_variables import BySex, Normal, Share, Uniform

# --- person -----------------------------------------------------------------------------------------------------
MALE = Share(0.5)
AGE_YEARS = Normal(60.0, 15.0, 20.0, 90.0)  # adults sent for echo or aortic screening [us]
HEIGHT_M: BySex = {"M": Normal(1.76, 0.07, 1.55, 1.95), "F": Normal(1.63, 0.065, 1.48, 1.85)}  # [NCD]
BMI_KG_M2 = Normal(26.5, 4.5, 18.5, 38.0)  # [NCD]; normal weight to obesity class II

# --- rhythm and breathing ------------------------------------------------------------------------------------------
# share with atrial fibrillation up to an age: a hospital cohort has twice the 4 to 9 % of over-65s of [Go]
FIBRILLATION_UP_TO_YEARS = ((60.0, Share(0.025)), (75.0, Share(0.10)), (200.0, Share(0.20)))
RATE_SINUS_BPM = Normal(72.0, 12.0, 50.0, 105.0)  # adults at rest: 60 to 100, athletes and drugs lower
RATE_FIBRILLATION_BPM = Normal(84.0, 14.0, 60.0, 110.0)  # lenient rate control: below 110 (RACE II 2010)
VARIATION_SINUS = Normal(0.03, 0.012, 0.008, 0.06)  # sd over mean of RR: SDNN 20 to 50 ms over minutes
VARIATION_FIBRILLATION = Normal(0.20, 0.03, 0.14, 0.27)  # Hayano et al. 1997
BREATHING_PER_MIN = Normal(16.0, 2.0, 12.0, 20.0)  # adults at rest
BREATHING_CHEST_M = Normal(0.0035, 0.0008, 0.002, 0.005)  # peak to peak [est]
BREATHING_ABDOMEN_M = Normal(0.006, 0.0012, 0.004, 0.008)  # [est]
ORGAN_SHIFT_M = Normal(0.0075, 0.0015, 0.005, 0.011)  # cranio-caudal, shallow breathing [us]
APEX_BEAT_M = Uniform(0.0003, 0.0009)  # apexcardiography: about a millimeter [us]

# --- torso; lengths at 1.72 m body height and BMI 25, see draw_torso.py for how size and BMI enter ------------------
HALF_WIDTH_CHEST_M: BySex = {"M": Normal(0.166, 0.004, 0.156, 0.176), "F": Normal(0.156, 0.004, 0.146, 0.166)}  # [us]
HALF_WIDTH_ABDOMEN_M: BySex = {"M": Normal(0.152, 0.004, 0.142, 0.162), "F": Normal(0.146, 0.004, 0.136, 0.156)}
CHEST_SLOPE_M = Uniform(0.010, 0.030)  # [us]
BELLY_M = Normal(0.006, 0.003, -0.001, 0.013)  # y of the navel, below the level of the xiphoid in a slim person [us]
BACK_Y_M = Normal(0.218, 0.003, 0.211, 0.225)  # sagittal diameter 0.21 m at BMI 25, +5 mm per BMI unit
FAT_CHEST_M = Normal(0.006, 0.001, 0.0035, 0.0085)  # skinfolds and ultrasound of the chest: 3 to 15 mm
FAT_ABDOMEN_M = Normal(0.013, 0.002, 0.008, 0.018)  # paraumbilical: 5 to 40 mm from lean to obese
MUSCLE_M: BySex = {"M": Uniform(0.0075, 0.0115), "F": Uniform(0.0065, 0.0100)}  # pectoralis, rectus abdominis
RIB_SPACING_M = Normal(0.0348, 0.0012, 0.0318, 0.0378)  # rib to rib, along z; interspaces of 16 to 28 mm [us]
RIB_HALF_WIDTH_M = Normal(0.0060, 0.0004, 0.0052, 0.0068)
STERNUM_HALF_WIDTH_M = Uniform(0.0145, 0.0180)
NOTCH_Z_M = Uniform(0.180, 0.200)
NAVEL_Z_M = Uniform(-0.185, -0.165)
LUNG_OVERLAP_M = Normal(0.0, 0.004, 0.0, 0.010)  # the left lung over the heart: emphysema narrows the windows [us]
STIFFNESS_ABDOMEN_PA_M = Normal(1.25e6, 0.25e6, 0.7e6, 1.9e6)  # 300 to 1000 N/m under the whole face [est]
STIFFNESS_CHEST_PA_M = Normal(3.7e6, 0.7e6, 2.3e6, 5.2e6)  # 1 to 3 kN/m between ribs [est]
STIFFNESS_RIB_PA_M = Uniform(2.0e7, 3.5e7)  # 8 to 20 kN/m [est]

# --- heart: place -----------------------------------------------------------------------------------------------------
APEX_X_SHARE = Uniform(0.68, 0.74)  # of the half-width of the chest: 5th interspace at the anterior axillary line [us]
APEX_X_LIMIT_M = 0.142
APEX_Z_M = Uniform(0.012, 0.032)
APEX_BEHIND_WALL_M = Uniform(0.0, 0.006)
# long axis over the inward normal at the apex: (medial, superior); vertical in the slim, horizontal in the heavy
AXIS_MEDIAL = Uniform(0.06, 0.20)
AXIS_SUPERIOR = Normal(0.28, 0.04, 0.20, 0.38)
AXIS_SUPERIOR_PER_BULK = -0.03
ASCENDING_END_Z_M = 0.093  # hearts that lie flatter are raised, or the arch would meet the atria [us]
TURN_DEG = Normal(55.0, 6.0, 42.0, 68.0)  # about the long axis: where the RV lies [us]

# --- heart: size ------------------------------------------------------------------------------------------------------
REDUCED_EF = Share(0.40)  # an echo clinic, not the street [us]
EF_NORMAL: BySex = {"M": Normal(0.62, 0.05, 0.52, 0.70), "F": Normal(0.64, 0.05, 0.54, 0.70)}  # [ASE]
EF_REDUCED = Uniform(0.25, 0.52)
DILATION_PER_EF = 1.2  # EDV grows by this times the missing EF below 0.52: 1.3 at EF 0.27 [us]
EDV_ML_M2: BySex = {"M": Normal(54.0, 10.0, 36.0, 74.0), "F": Normal(45.0, 8.0, 31.0, 61.0)}  # per BSA [ASE]
LENGTH_RATIO = Uniform(0.96, 1.05)  # of the cavity length over that of the usual shape, length : width = 1.9 : 1
WALL_M: BySex = {"M": Normal(0.0080, 0.0010, 0.0060, 0.0100), "F": Normal(0.0075, 0.00075, 0.0060, 0.0090)}  # [ASE]
HYPERTROPHY = Share(0.15)  # [ASE]: mild to severe from 11 mm (men) and 10 mm (women)
WALL_HYPERTROPHY_M = Uniform(0.0110, 0.0160)
RV_RATIO = Normal(1.0, 0.05, 0.88, 1.14)  # of the basal diameter over 33 mm, at a BSA of 1.85 m2 [ASE]
LA_ML_M2 = Normal(25.0, 4.5, 16.0, 34.0)  # [ASE]
LA_ENLARGEMENT_ML_M2 = Uniform(8.0, 20.0)  # in fibrillation, hypertrophy and EF below 0.40: moderate to severe
LA_SCALE_ONE_ML = 51.0  # LA volume of atrium_scale 1 in heart.py
EFFUSION = Share(0.10)
EFFUSION_M = Uniform(0.006, 0.018)  # small (below 10 mm) to moderate (10 to 20 mm)
TWIST_RAD = Normal(0.19, 0.05, 0.08, 0.30)  # 11 +- 3 degrees; times EF / 0.62 (Notomi et al. 2006)
TRABECULATION = Normal(1.0, 0.25, 0.4, 1.6)

# --- aortic root; echo measures leading edge to leading edge, one wall more than the inner diameter ---------------
ROOT_EDGE_M = 0.002
ANNULUS_M: BySex = {"M": Normal(0.026, 0.003, 0.020, 0.031), "F": Normal(0.023, 0.002, 0.019, 0.027)}  # inner [ASE]
# sinus [m] = 0.02423 + 0.00009 age + 0.00461 BSA - 0.00267 sex (man 1, woman 2), standard error 2.61 mm [Dev]
SINUS_M = (0.02423, 0.00009, 0.00461, -0.00267, 0.00261)
SINUS_Z = Normal(0.0, 1.0, -1.9, 1.9)
DILATED_ROOT = Share(0.08)
SINUS_Z_DILATED = Uniform(2.5, 5.0)
ASCENDING_RATIO = Normal(0.88, 0.06, 0.75, 1.0)  # of the sinus: 30/34 mm men, 27/30 mm women [ASE]
DILATED_ASCENDING = Share(0.05)
ASCENDING_DILATED_M = Uniform(0.040, 0.050)

# --- aorta, outer diameters -------------------------------------------------------------------------------------------
TOP_M: BySex = {"M": Normal(0.0226, 0.0014, 0.0195, 0.0255), "F": Normal(0.0202, 0.0013, 0.0172, 0.0228)}  # [Hir]
BOTTOM_RATIO = Normal(0.86, 0.035, 0.78, 0.94)  # 19.3 mm men, 16.7 mm women above the bifurcation [Rog]
THORACIC_RATIO = Normal(1.10, 0.05, 1.0, 1.22)  # mid descending 24 to 30 mm [Hir]
ARCH_RATIO = Normal(1.22, 0.06, 1.10, 1.36)  # 26 to 32 mm [Hir]
BIFURCATION_OVER_NAVEL_M = Uniform(-0.004, 0.012)
OFFSET_X_M = Uniform(0.006, 0.014)  # to the left of the midline
WAVE_X_M = Uniform(0.0, 0.007)  # tortuosity [us]; longer arteries with age:
WAVE_X_PER_YEAR_OVER_60_M = 0.0001

ANEURYSM = Share(0.5)  # half of every cohort, so that detection can be scored
ANEURYSM_M = Uniform(0.030, 0.060)  # abdominal aneurysm from 30 mm; repair is due at 50 to 55 [SVS]
SACCULAR = Share(0.20)
FUSIFORM_LENGTH_M = Uniform(0.035, 0.060)  # full width at half height
SACCULAR_LENGTH_M = Uniform(0.024, 0.036)
ANEURYSM_TOP_Z_M = -0.078  # infrarenal
ANEURYSM_FROM_FORK = 0.85  # of its length, at least, above the bifurcation
THROMBUS = Share(0.75)  # in three of four aneurysms (Harter et al. 1982)
THROMBUS_FRACTION = Uniform(0.10, 0.65)

DISSECTION = Share(0.04)  # of those without aneurysm: 2 % of all
DISSECTION_END_SHARE = Uniform(0.2, 1.0)  # of the abdominal aorta that the flap reaches down
TRUE_SHARE = Uniform(0.35, 0.60)
DISSECTION_TWIST_RAD_M = Uniform(-6.0, 6.0)
DISSECTION_WIDENING = Uniform(1.10, 1.35)

# --- abdomen ----------------------------------------------------------------------------------------------------------
GAS_POCKETS = (4, 14)  # whole numbers, both included [us]
BOWEL_LOOPS = (55, 85)
LIVER_VESSEL_SCALE = Normal(1.0, 0.12, 0.75, 1.30)  # portal vein 10 to 13 mm at 1.0
LIVER_EDGE_Z_M = Normal(-0.090, 0.010, -0.115, -0.065)  # in the midclavicular line

# --- how the patient lies on the table --------------------------------------------------------------------------------
XIPHOID_BASE_M = (0.50, 0.0, 0.10)
SHIFT_M = Uniform(0.0, 0.020)  # in any direction
YAW_DEG = Uniform(-5.0, 5.0)
