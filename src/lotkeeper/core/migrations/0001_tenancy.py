from django.db import migrations

from lotkeeper.core.postgres.scripts import RunScript


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [RunScript("lotkeeper.core.postgres", "sql/tenancy.sql")]
