"""What the worker does for its own kind: a job is not lost because its worker was killed."""

from __future__ import annotations

import logging
from typing import Final

from procrastinate.contrib.django import app
from procrastinate.exceptions import UniqueViolation
from procrastinate.jobs import Job, Status

#: A worker says every ten seconds that it lives; one that was silent for so long is dead.
_SILENT_SECONDS: Final = 30
#: A job in which worker after worker dies is more likely the cause than the victim.
_MOST_ATTEMPTS: Final = 5

_logger = logging.getLogger(__name__)


@app.periodic(cron="* * * * *")
@app.task(queueing_lock="put_stranded_jobs_back", name="put_stranded_jobs_back")
async def put_stranded_jobs_back(timestamp: int) -> None:
    """Every minute: let the jobs of workers that died run again. So each job must bear being done twice."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_SILENT_SECONDS):
        if job.attempts < _MOST_ATTEMPTS:
            await _put_back(job)
        else:
            _logger.error("The job %s (%s) is given up: worker after worker died in it.", job.task_name, job.id)
            await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)


async def _put_back(job: Job) -> None:
    _logger.warning("The worker of the job %s (%s) died; it is put back.", job.task_name, job.id)
    try:
        await app.job_manager.retry_job(job)
    except UniqueViolation:
        # The next of its kind waits already, and will do its work too.
        await app.job_manager.finish_job(job, Status.ABORTED, delete_job=False)
