"""Labels that users bring: folders of masks, tables (CSV) and COCO, as training samples by patient."""
