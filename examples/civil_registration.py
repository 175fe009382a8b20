"""Apply for a birth certificate (akta kelahiran), and wait until the registry wants or decided something."""

from __future__ import annotations

from pathlib import Path

from egov_serang import Client, DeadlineExceeded, File, Nik
from egov_serang.models.civil import CivilApplicant, CivilSubject
from egov_serang.models.identity import Purpose

scan = File(Path(__file__).with_name("pothole.png"))  # any picture will do in the sandbox

with Client() as client:
    services = {service.service_code: service for service in client.identity.civil_services()}
    service = services["akta_kelahiran"]
    print(service.name, "within", service.statutory_days, "working days")

    purpose = Purpose(purpose_code="civil_registration", legal_basis="public_task")
    mother = client.identity.verify(Nik("9973014507850001"), purpose=purpose)
    if mother.subject_ref is None:
        raise SystemExit("the register does not know her")

    applications = client.identity.applications
    draft = applications.start(
        service.service_code,
        applicant=CivilApplicant(subject_ref=mother.subject_ref, relation="parent"),
        subjects=[CivilSubject(role="child", name="Bayi Contoh")],
        form={
            "child_name": "Bayi Contoh",
            "sex": "female",
            "birth_date": "2026-11-20",
            "birth_place": "Serang",
            "mother_name": "Contoh Rahmawati",
        },
        client_reference="birth-17",
    )
    for document in service.required_documents:
        if document.required:
            applications.attach(draft.application_id, document.kind, scan)
    application = applications.submit(draft)
    print(application.reference, application.status)

    try:
        application = applications.wait_for(application, timeout=2)
        print("the registry says:", application.status, application.status_notes)
    except DeadlineExceeded:
        print("the registry takes its time; ask again tomorrow with", application.application_id)
