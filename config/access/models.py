"""The second step's device, as django-otp keeps it but for its secret, which is sealed."""

import secrets

from django.contrib.auth.models import User
from django_otp.plugins.otp_totp.models import TOTPDevice

from config.access.sealing import SECRET_BYTES, is_current, seal, unseal


class Authenticator(TOTPDevice):  # type: ignore[misc]
    """An app that shows a new code every 30 seconds. `key` holds the seal."""

    key: str

    class Meta:
        proxy = True
        default_permissions = ()
        permissions = [("manage_sign_in", "Can unlock people and reset their second step")]

    @classmethod
    def new_for(cls, user: User) -> "Authenticator":
        """A device that counts once a code of it was given."""
        sealed = seal(secrets.token_bytes(SECRET_BYTES), owner=user.pk)
        made: Authenticator = cls.objects.create(user=user, name="authenticator", key=sealed, confirmed=False)
        return made

    @property
    def bin_key(self) -> bytes:
        return unseal(self.key, owner=self.user_id)

    def verify_token(self, token: str) -> bool:
        """As django-otp does: no code twice, one step of drift, longer waits after each wrong one."""
        if not is_current(self.key, owner=self.user_id):
            self.key = seal(self.bin_key, owner=self.user_id)
        return bool(super().verify_token(token))
