"""What people do with dossiers: read the public file of a project, take a consent or its evidence away."""

from techmarket.dossiers.service.reading import get_consent_proof, get_file, get_file_proof
from techmarket.dossiers.service.taking import take_evidence

__all__ = ["get_consent_proof", "get_file", "get_file_proof", "take_evidence"]
