"""What people do with dossiers: read the public file of a project, take its evidence away."""

from techmarket.dossiers.service.reading import get_file, get_file_proof
from techmarket.dossiers.service.taking import take_evidence

__all__ = ["get_file", "get_file_proof", "take_evidence"]
